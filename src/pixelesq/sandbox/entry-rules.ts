import { isDeepStrictEqual } from 'node:util'
import { entryPath, findFreeName, findPathOwner, isEntrySlug, NAME_CHARS_MAX, slugFromName } from './addresses.ts'
import { type Answer, apply, keep, type Refusal, refuse } from './answer.ts'
import { checkContent, isObject, listMissing, mergePatch } from './content-rules.ts'
import { addressKey, type Collection, type Content, type Entry, type Model, nextId } from './model.ts'
import { activateRedirect } from './redirect-rules.ts'
import {
  advanceRevision,
  checkPublishGuards,
  checkVersion,
  createRevision,
  isPublished,
  markPublished,
  markUnpublished,
  type PublishGuards,
} from './revisions.ts'

type Optional<T> = T | null | undefined

export interface EntryInput {
  /** Only seeds choose an id. */
  id?: string
  name: string
  slug?: Optional<string>
  content?: unknown
}

/** Makes a draft entry; a taken slug gets a suffix and is never refused, which is why a blind retry makes a second entry. */
export function createEntry(model: Model, collectionId: string, input: EntryInput): Answer<Entry> {
  const collection = model.collections.get(collectionId)
  if (collection === undefined) return refuse('NOT_FOUND', 'Collection not found.')
  const badName = checkName(input.name)
  if (badName !== null) return badName
  if (typeof input.slug === 'string' && !isEntrySlug(input.slug)) return refuseSlug()
  const content = withoutNulls(input.content ?? {})
  if (content === null) return refuse('VALIDATION_FAILED', 'Content must be an object keyed by field name.')
  const problems = checkContent(model, collection, content, Object.keys(content))
  if (problems.length > 0) return refuse('VALIDATION_FAILED', `Content refused: ${problems.join('; ')}.`)

  const entry: Entry = {
    id: input.id ?? nextId(model, 'ent'),
    collectionId,
    name: input.name,
    slug: takeFreeSlug(model, collection, input.slug ?? slugFromName(input.name)),
    draftSlug: null,
    content,
    publishedContent: null,
    status: 'DRAFT',
    latestRevision: createRevision(model),
    headWasPublished: false,
    publishedRevisionId: null,
    firstPublishedAt: null,
    updatedAt: model.now(),
  }
  model.entries.set(entry.id, entry)
  collection.entries.set(entry.id, entry)
  holdSlug(model, collection, entry.slug, entry.id)
  return apply(entry)
}

/** Merges a patch into the draft. A stale version is refused even when the patch would change nothing. */
export function updateEntry(model: Model, entryId: string, lastVersion: number, patch: unknown): Answer<Entry> {
  const entry = model.entries.get(entryId)
  if (entry === undefined) return refuse('NOT_FOUND', 'Entry not found.')
  const stale = checkVersion(entry, lastVersion)
  if (stale !== null) return stale
  if (!isObject(patch)) return refuse('VALIDATION_FAILED', 'Content must be an object keyed by field name.')
  const content = mergePatch(entry.content, patch) as Content
  const problems = checkContent(model, collectionOf(model, entry), content, Object.keys(patch))
  if (problems.length > 0) return refuse('VALIDATION_FAILED', `Content refused: ${problems.join('; ')}.`)
  if (isDeepStrictEqual(content, entry.content)) return keep(entry, 'Nothing changed.')
  entry.content = content
  advanceRevision(model, entry)
  return apply(entry)
}

/** Name: live at once. Slug: live at once without a page, pending until the next publish with one. */
export function renameEntry(
  model: Model,
  entryId: string,
  name: Optional<string>,
  slug: Optional<string>,
): Answer<Entry> {
  const entry = model.entries.get(entryId)
  if (entry === undefined) return refuse('NOT_FOUND', 'Entry not found.')
  const badName = typeof name === 'string' ? checkName(name) : null
  if (badName !== null) return badName
  const badSlug = typeof slug === 'string' ? checkNewSlug(model, entry, slug) : null
  if (badSlug !== null) return badSlug

  const renamed = typeof name === 'string' && name !== entry.name
  if (renamed) entry.name = name
  const moved = typeof slug === 'string' && moveEntry(model, entry, slug)
  if (!renamed && !moved) return keep(entry, 'Nothing changed.')
  entry.updatedAt = model.now()
  return apply(entry)
}

export interface EntryPublishGuards extends PublishGuards {
  expectedAddress?: Optional<string>
  redirectOldPath?: Optional<boolean>
}

/** Makes the draft live; a pending address moves in the same step, and the old path is redirected if it had been public. */
export function publishEntry(model: Model, entryId: string, guards: EntryPublishGuards): Answer<Entry> {
  const entry = model.entries.get(entryId)
  if (entry === undefined) return refuse('NOT_FOUND', 'Entry not found.')
  const collection = collectionOf(model, entry)
  const refusal = checkPublishGuards(entry, guards) ?? checkAddress(collection, entry, guards.expectedAddress)
  if (refusal !== null) return refusal
  const missing = listMissing(collection, entry.content)
  if (missing.length > 0)
    return refuse('VALIDATION_FAILED', `Publish refused: required fields have no value: ${missing.join(', ')}.`)
  if (isPublished(entry) && entry.draftSlug === null) return keep(entry, 'Already published.')

  if (entry.draftSlug !== null) settleMove(model, collection, entry, entry.draftSlug, guards.redirectOldPath !== false)
  entry.publishedContent = entry.content
  markPublished(model, entry)
  const bodyless = collection.hasPages && collection.templateEmpty
  return apply(entry, bodyless ? ['The entry-page template is empty: published entry pages show no body.'] : [])
}

export function unpublishEntry(model: Model, entryId: string): Answer<Entry> {
  const entry = model.entries.get(entryId)
  if (entry === undefined) return refuse('NOT_FOUND', 'Entry not found.')
  if (entry.publishedRevisionId === null) return keep(entry, 'Not published.')
  entry.publishedContent = null
  markUnpublished(model, entry)
  return apply(entry)
}

export function deleteEntry(model: Model, entryId: string): Answer<Entry> {
  const entry = model.entries.get(entryId)
  if (entry === undefined) return refuse('NOT_FOUND', 'Entry not found.')
  const collection = collectionOf(model, entry)
  model.entries.delete(entryId)
  collection.entries.delete(entryId)
  releaseSlug(model, collection, entry.slug)
  if (entry.draftSlug !== null) releaseSlug(model, collection, entry.draftSlug)
  return apply(entry)
}

function checkName(name: string): Refusal | null {
  if (name.trim() !== '' && name.length <= NAME_CHARS_MAX) return null
  return refuse('VALIDATION_FAILED', `The name must have 1 to ${NAME_CHARS_MAX} characters.`)
}

function refuseSlug(): Refusal {
  return refuse('VALIDATION_FAILED', 'The slug may hold lowercase letters, digits and hyphens only.')
}

/** Null clears in a patch and so means "no value" in a new entry. Null where `content` is not an object. */
function withoutNulls(content: unknown): Content | null {
  return isObject(content) ? (mergePatch({}, content) as Content) : null
}

function collectionOf(model: Model, entry: Entry): Collection {
  return model.collections.get(entry.collectionId)!
}

function isSlugTaken(model: Model, collection: Collection, slug: string): boolean {
  if (collection.entryIdBySlug.has(slug)) return true
  return collection.hasPages && findPathOwner(model, collection.projectId, entryPath(collection, slug)) !== null
}

function takeFreeSlug(model: Model, collection: Collection, base: string): string {
  const from = collection.nextSuffix.get(base) ?? 2
  const { name, suffix } = findFreeName(base, from, slug => isSlugTaken(model, collection, slug))
  if (name !== base) collection.nextSuffix.set(base, suffix)
  return name
}

function holdSlug(model: Model, collection: Collection, slug: string, entryId: string): void {
  collection.entryIdBySlug.set(slug, entryId)
  if (collection.hasPages) model.ownerByPath.set(addressKey(collection.projectId, entryPath(collection, slug)), entryId)
}

function releaseSlug(model: Model, collection: Collection, slug: string): void {
  collection.entryIdBySlug.delete(slug)
  collection.nextSuffix.clear()
  if (collection.hasPages) model.ownerByPath.delete(addressKey(collection.projectId, entryPath(collection, slug)))
}

function checkNewSlug(model: Model, entry: Entry, slug: string): Refusal | null {
  if (!isEntrySlug(slug)) return refuseSlug()
  if (slug === entry.slug || slug === entry.draftSlug) return null
  if (!isSlugTaken(model, collectionOf(model, entry), slug)) return null
  return refuse('CONFLICT', 'The slug is taken by another entry, a page or a redirect.')
}

/** Changes the slug or what is pending; false where nothing changed. The live slug cancels a pending move. */
function moveEntry(model: Model, entry: Entry, slug: string): boolean {
  const collection = collectionOf(model, entry)
  const draftSlug = slug === entry.slug ? null : slug
  if (draftSlug === entry.draftSlug) return false
  if (entry.draftSlug !== null) releaseSlug(model, collection, entry.draftSlug)
  if (draftSlug !== null) holdSlug(model, collection, draftSlug, entry.id)
  entry.draftSlug = draftSlug
  if (!collection.hasPages && draftSlug !== null) settleMove(model, collection, entry, draftSlug, false)
  return true
}

function settleMove(model: Model, collection: Collection, entry: Entry, slug: string, redirectOldPath: boolean): void {
  const oldSlug = entry.slug
  releaseSlug(model, collection, oldSlug)
  entry.slug = slug
  entry.draftSlug = null
  if (!collection.hasPages || !redirectOldPath || entry.firstPublishedAt === null) return
  activateRedirect(model, {
    projectId: collection.projectId,
    source: entryPath(collection, oldSlug),
    destination: entryPath(collection, slug),
    permanent: true,
    description: 'Made when an entry moved.',
  })
}

function checkAddress(collection: Collection, entry: Entry, expected: Optional<string>): Refusal | null {
  if (typeof expected !== 'string') return null
  const pending = entry.draftSlug
  const matches =
    pending === null ? expected === '' : expected === pending || expected === entryPath(collection, pending)
  return matches ? null : refuse('CONFLICT', 'Publish refused: the pending address changed. Read again and retry.')
}
