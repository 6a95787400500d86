import { type Refusal, refuse } from './answer.ts'
import { type Draftable, type Model, nextId, type Revision } from './model.ts'

export interface PublishGuards {
  revisionId: string
  expectedRevisionId?: string | null | undefined
  expectedHeadAnchor?: string | null | undefined
}

export function createRevision(model: Model): Revision {
  return { id: nextId(model, 'rev'), version: 1, headAnchor: nextId(model, 'anc') }
}

/** Counts a save: the version grows and the anchor changes always, the id only at the first save after a publish. */
export function advanceRevision(model: Model, item: Draftable): void {
  const head = item.latestRevision
  item.latestRevision = {
    id: item.headWasPublished ? nextId(model, 'rev') : head.id,
    version: head.version + 1,
    headAnchor: nextId(model, 'anc'),
  }
  item.headWasPublished = false
  item.updatedAt = model.now()
}

/** The save guard: `lastVersion` must be the newest version; the API never merges two saves. */
export function checkVersion(item: Draftable, lastVersion: number): Refusal | null {
  const { version } = item.latestRevision
  if (lastVersion === version) return null
  return refuse(
    'CONFLICT',
    `Version conflict: lastVersion is ${lastVersion}, the newest version is ${version}. Read again and retry.`,
  )
}

/** The publish guard: the revision must be the newest draft and, where the caller bound it, unchanged since it was read. */
export function checkPublishGuards(item: Draftable, guards: PublishGuards): Refusal | null {
  const head = item.latestRevision
  const expected = guards.expectedRevisionId ?? guards.revisionId
  if (guards.revisionId !== head.id || expected !== head.id) {
    return refuse('CONFLICT', 'Publish refused: a newer draft exists. Read again and retry.')
  }
  if (typeof guards.expectedHeadAnchor === 'string' && guards.expectedHeadAnchor !== head.headAnchor) {
    return refuse('CONFLICT', 'Publish refused: the draft was edited since it was read. Read again and retry.')
  }
  return null
}

export function isPublished(item: Draftable): boolean {
  return item.publishedRevisionId === item.latestRevision.id
}

export function markPublished(model: Model, item: Draftable): void {
  const at = model.now()
  item.status = 'PUBLISHED'
  item.publishedRevisionId = item.latestRevision.id
  item.headWasPublished = true
  item.firstPublishedAt ??= at
  item.updatedAt = at
}

export function markUnpublished(model: Model, item: Draftable): void {
  item.status = 'DRAFT'
  item.publishedRevisionId = null
  item.updatedAt = model.now()
}
