import { isDeepStrictEqual } from 'node:util'
import { findFreeName, findPathOwner, NAME_CHARS_MAX, normalizePath } from './addresses.ts'
import { type Answer, apply, keep, refuse } from './answer.ts'
import { hasScript, isObject } from './content-rules.ts'
import { addressKey, type Model, nextId, type Page, type PageMeta } from './model.ts'
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

/** Characters of an idempotency key (create_page of the MCP). */
export const IDEMPOTENCY_KEY_CHARS_MAX = 128

type Optional<T> = T | null | undefined

export interface PageInput {
  /** Only seeds choose an id. */
  id?: string
  name: string
  slug: string
  language?: Optional<string>
  idempotencyKey?: Optional<string>
}

/** Makes an empty draft page; a taken address gets a suffix; the same key, project and wished address replay the first result. */
export function createPage(model: Model, projectId: string, input: PageInput): Answer<Page> {
  if (!model.projects.has(projectId)) return refuse('NOT_FOUND', 'Project not found.')
  const { name, idempotencyKey } = input
  if (name.trim() === '' || name.length > NAME_CHARS_MAX) {
    return refuse('VALIDATION_FAILED', `The name must have 1 to ${NAME_CHARS_MAX} characters.`)
  }
  const path = normalizePath(input.slug)
  if (path === null) return refuse('VALIDATION_FAILED', 'The slug is not a valid path or is reserved.')
  if (
    typeof idempotencyKey === 'string' &&
    (idempotencyKey === '' || idempotencyKey.length > IDEMPOTENCY_KEY_CHARS_MAX)
  ) {
    return refuse('VALIDATION_FAILED', `The idempotency key must have 1 to ${IDEMPOTENCY_KEY_CHARS_MAX} characters.`)
  }
  const key = typeof idempotencyKey === 'string' ? JSON.stringify([projectId, path, idempotencyKey]) : null
  const first = key === null ? undefined : model.pages.get(model.pageIdByIdempotencyKey.get(key) ?? '')
  if (first !== undefined) return keep(first, 'Replayed: this idempotency key made the page before.')

  const page = addPage(model, projectId, { ...input, slug: path })
  if (key !== null) model.pageIdByIdempotencyKey.set(key, page.id)
  return apply(page)
}

function addPage(model: Model, projectId: string, input: PageInput): Page {
  const isTaken = (slug: string): boolean => findPathOwner(model, projectId, slug) !== null
  const slug = findFreeName(input.slug, 2, isTaken).name
  const page: Page = {
    id: input.id ?? nextId(model, 'pg'),
    projectId,
    name: input.name,
    slug,
    language: input.language ?? 'en',
    meta: { title: null, description: null, image: null, index: true, jsonLD: null },
    sections: [],
    publishedSections: null,
    status: 'DRAFT',
    latestRevision: createRevision(model),
    headWasPublished: false,
    publishedRevisionId: null,
    firstPublishedAt: null,
    updatedAt: model.now(),
  }
  model.pages.set(page.id, page)
  model.ownerByPath.set(addressKey(projectId, slug), page.id)
  return page
}

/** Replaces the draft's section list. */
export function savePage(model: Model, pageId: string, lastVersion: number, sections: unknown): Answer<Page> {
  const page = model.pages.get(pageId)
  if (page === undefined) return refuse('NOT_FOUND', 'Page not found.')
  const stale = checkVersion(page, lastVersion)
  if (stale !== null) return stale
  if (!Array.isArray(sections) || !sections.every(isObject))
    return refuse('VALIDATION_FAILED', 'Sections must be a list of objects.')
  if (hasScript(sections))
    return refuse('VALIDATION_FAILED', 'Script tags, event handlers and script links are refused.')
  if (isDeepStrictEqual(sections, page.sections)) return keep(page, 'Nothing changed.')
  page.sections = sections
  advanceRevision(model, page)
  return apply(page)
}

export function publishPage(model: Model, pageId: string, guards: PublishGuards): Answer<Page> {
  const page = model.pages.get(pageId)
  if (page === undefined) return refuse('NOT_FOUND', 'Page not found.')
  const refusal = checkPublishGuards(page, guards)
  if (refusal !== null) return refusal
  if (isPublished(page)) return keep(page, 'Already published.')
  page.publishedSections = page.sections
  markPublished(model, page)
  return apply(page)
}

export function unpublishPage(model: Model, pageId: string): Answer<Page> {
  const page = model.pages.get(pageId)
  if (page === undefined) return refuse('NOT_FOUND', 'Page not found.')
  if (page.publishedRevisionId === null) return keep(page, 'Not published.')
  page.publishedSections = null
  markUnpublished(model, page)
  return apply(page)
}

export type PageMetaInput = { [K in keyof PageMeta]?: Optional<PageMeta[K]> }

/** Changes metadata, live at once and without a revision; what is left out is kept, an empty text clears. */
export function updatePageMeta(model: Model, pageId: string, input: PageMetaInput): Answer<Page> {
  const page = model.pages.get(pageId)
  if (page === undefined) return refuse('NOT_FOUND', 'Page not found.')
  if (typeof input.jsonLD === 'string' && input.jsonLD !== '' && !isJsonLd(input.jsonLD)) {
    return refuse('VALIDATION_FAILED', 'jsonLD must be JSON with @context and @type, an array of such, or @graph.')
  }
  const meta: PageMeta = {
    title: pick(input.title, page.meta.title),
    description: pick(input.description, page.meta.description),
    image: pick(input.image, page.meta.image),
    index: input.index ?? page.meta.index,
    jsonLD: pick(input.jsonLD, page.meta.jsonLD),
  }
  if (isDeepStrictEqual(meta, page.meta)) return keep(page, 'Nothing changed.')
  page.meta = meta
  page.updatedAt = model.now()
  return apply(page)
}

function pick(given: Optional<string>, kept: string | null): string | null {
  if (typeof given !== 'string') return kept
  return given === '' ? null : given
}

function isJsonLd(text: string): boolean {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return false
  }
  const nodes = Array.isArray(value) ? value : [value]
  return (
    nodes.length > 0 &&
    nodes.every(node => isObject(node) && '@context' in node && ('@type' in node || '@graph' in node))
  )
}
