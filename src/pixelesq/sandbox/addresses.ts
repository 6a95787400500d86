import { addressKey, type Collection, type Model } from './model.ts'

/** Characters a name, slug or path may have. */
export const NAME_CHARS_MAX = 255

const ENTRY_SLUG = /^[a-z0-9]+(?:-[a-z0-9]+)*$/
const PATH = /^\/[A-Za-z0-9\-._~/]*$/

export function isEntrySlug(text: string): boolean {
  return text.length <= NAME_CHARS_MAX && ENTRY_SLUG.test(text)
}

/** Slug of an entry whose caller sent none; a name without a Latin letter or digit gives `entry`. */
export function slugFromName(name: string): string {
  const plain = name.normalize('NFKD').replace(/\p{M}+/gu, '')
  const slug = plain
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, NAME_CHARS_MAX)
  return slug.replace(/^-|-$/g, '') || 'entry'
}

/** A path as the API keeps it: leading slash, none at the end; null where it cannot be an address or is reserved. */
export function normalizePath(text: string): string | null {
  const path = `/${text.trim().replace(/^\/+|\/+$/g, '')}`
  if (path.length > NAME_CHARS_MAX || !PATH.test(path) || path.includes('//')) return null
  const reserved = `${path}/`.endsWith('/page/') || `${path}/`.includes('/filter/')
  return reserved ? null : path
}

export function entryPath(collection: Collection, slug: string): string {
  return `/${collection.slug}/${slug}`
}

/** Id of whoever has the path: a page, an entry or an active redirect. */
export function findPathOwner(model: Model, projectId: string, path: string): string | null {
  const key = addressKey(projectId, path)
  return model.ownerByPath.get(key) ?? model.activeRedirectBySource.get(key) ?? null
}

/** The first of `base`, `base-2`, `base-3`, … that `isTaken` denies; `firstSuffix` lets a caller remember where it stopped. */
export function findFreeName(
  base: string,
  firstSuffix: number,
  isTaken: (name: string) => boolean,
): { name: string; suffix: number } {
  if (!isTaken(base)) return { name: base, suffix: firstSuffix }
  let suffix = firstSuffix
  while (isTaken(`${base}-${suffix}`)) suffix += 1
  return { name: `${base}-${suffix}`, suffix: suffix + 1 }
}
