import { isDeepStrictEqual } from 'node:util'
import { isMap } from '../is-map.ts'
import { appendPath } from '../mapping/compare-values.ts'
import { applyMergePatch } from '../mapping/expression/merge-patch.ts'
import { showText, showValue } from '../mapping/show-value.ts'

/** One value that a write would change; `undefined`: not there. */
export interface FieldChange {
  path: string
  from: unknown
  to: unknown
}

/** What a write would do, in words and field by field. */
export interface Change {
  /** `would save …`; `nothing to do: …` where the API would find everything as it is. */
  summary: string
  /** False where the write would change nothing. */
  changes: boolean
  fields: readonly FieldChange[]
}

/** The kinds of objects whose present state is read to compare with. */
export type TargetKind = 'entry' | 'page'

type Json = Record<string, unknown>

interface Describer {
  /** What it changes: the kind, and the argument that has its id. */
  target: { kind: TargetKind; idArgument: string } | null
  /** `current` is null where the present state is not known. */
  describe(args: Json, current: Json | null): Change
}

/** Mutations of the Pixelesq API (schema.graphql) that can be described better than by their variables. */
const DESCRIBERS: Readonly<Record<string, Describer>> = {
  updateEntry: { target: { kind: 'entry', idArgument: 'entryId' }, describe: describeUpdate },
  createEntry: { target: null, describe: describeCreate },
  renameEntry: { target: { kind: 'entry', idArgument: 'entryId' }, describe: describeRename },
  publishEntry: { target: { kind: 'entry', idArgument: 'entryId' }, describe: describePublish },
  publishPage: { target: { kind: 'page', idArgument: 'pageId' }, describe: describePublish },
  unpublishEntry: { target: { kind: 'entry', idArgument: 'entryId' }, describe: describeUnpublish },
  unpublishPage: { target: { kind: 'page', idArgument: 'pageId' }, describe: describeUnpublish },
  deleteEntry: { target: { kind: 'entry', idArgument: 'entryId' }, describe: describeDelete },
  updatePageMeta: { target: { kind: 'page', idArgument: 'pageId' }, describe: describeMeta },
  createPage: { target: null, describe: args => plain(`would create page ${nameOf(args)} at ${showValue(args.slug)}`) },
  createRedirect: { target: null, describe: describeRedirect },
  deleteRedirect: { target: null, describe: args => plain(`would delete the redirect ${showValue(args.redirectId)}`) },
}

/** What a mutation field changes; null where that is not known. */
export function targetOf(mutationField: string | null, args: Json | null): { kind: TargetKind; id: string } | null {
  const target = findDescriber(mutationField)?.target ?? null
  const id = target === null ? undefined : args?.[target.idArgument]
  return target === null || typeof id !== 'string' ? null : { kind: target.kind, id }
}

/** Says what a mutation field with these arguments would change; null where only its variables can be shown. Pure. */
export function describeChange(mutationField: string | null, args: Json | null, current: Json | null): Change | null {
  const describer = findDescriber(mutationField)
  return describer === undefined || args === null ? null : describer.describe(args, current)
}

function findDescriber(mutationField: string | null): Describer | undefined {
  return mutationField !== null && Object.hasOwn(DESCRIBERS, mutationField) ? DESCRIBERS[mutationField] : undefined
}

function describeUpdate({ entryId, content, lastVersion }: Json, current: Json | null): Change {
  if (current === null)
    return { summary: `would save entry ${showValue(entryId)}`, changes: true, fields: list(content) }
  const version = revisionOf(current)?.version
  const stale =
    typeof version === 'number' && typeof lastVersion === 'number' && version !== lastVersion
      ? `; the API would refuse it: version ${lastVersion} is not the newest (${version})`
      : ''
  const fields = diff(current.content, applyMergePatch(current.content, content))
  const summary =
    fields.length === 0
      ? `nothing to do: the draft of entry ${titleOf(current)} has these values`
      : `would save entry ${titleOf(current)}, draft version ${showValue(version)}${stale}`
  return { summary, changes: fields.length > 0, fields }
}

function describeCreate({ collectionId, payload }: Json): Change {
  const { name, slug, content } = isMap(payload) ? payload : {}
  const address = typeof slug === 'string' ? `, slug ${showValue(slug)}` : ''
  const summary = `would create entry ${showValue(name)} in the collection ${showValue(collectionId)}${address}`
  return { summary, changes: true, fields: list(content) }
}

function describeRename({ entryId, name, slug }: Json, current: Json | null): Change {
  const wanted: Json = { ...(name != null && { name }), ...(slug != null && { slug }) }
  if (current === null)
    return { summary: `would rename entry ${showValue(entryId)}`, changes: true, fields: list(wanted) }
  const fields = Object.entries(wanted)
    .map(([path, to]): FieldChange => ({ path, from: current[path], to }))
    .filter(({ from, to }) => from !== to)
  return fields.length === 0
    ? nothing(`entry ${titleOf(current)} is called so`)
    : { summary: `would rename entry ${titleOf(current)}; a name is live at once`, changes: true, fields }
}

function describePublish(args: Json, current: Json | null): Change {
  const what = 'pageId' in args ? 'page' : 'entry'
  const { revisionId } = args
  if (current === null)
    return plain(`would publish ${what} ${showValue(args[`${what}Id`])}, revision ${idText(revisionId)}`)
  const { publishedRevisionId: published, draftSlug } = current
  const moves = typeof draftSlug === 'string' && draftSlug !== ''
  const fields = moves ? [{ path: 'slug', from: current.slug, to: draftSlug }] : []
  if (revisionId === published && !moves && current.hasUnpublishedChanges !== true)
    return nothing(`${what} ${titleOf(current)} is public with revision ${idText(revisionId)}`)
  const newest = revisionOf(current)?.id
  const stale =
    typeof newest === 'string' && newest !== revisionId
      ? `; the API would refuse it: the newest revision is ${idText(newest)}`
      : ''
  const over = typeof published === 'string' ? `over ${idText(published)}` : '(nothing of it is public now)'
  return {
    summary: `would publish ${what} ${titleOf(current)}: revision ${idText(revisionId)} ${over}${stale}`,
    changes: true,
    fields,
  }
}

function describeUnpublish(args: Json, current: Json | null): Change {
  const what = 'pageId' in args ? 'page' : 'entry'
  if (current === null) return plain(`would take ${what} ${showValue(args[`${what}Id`])} offline`)
  return current.publishedRevisionId === null
    ? nothing(`${what} ${titleOf(current)} is not public`)
    : plain(`would take ${what} ${titleOf(current)} offline: revision ${idText(current.publishedRevisionId)}`)
}

function describeDelete({ entryId }: Json, current: Json | null): Change {
  const title = current === null ? showValue(entryId) : titleOf(current)
  return plain(`would delete entry ${title} for good`)
}

function describeMeta({ pageId, ...given }: Json, current: Json | null): Change {
  const wanted = Object.entries(given).filter(([, value]) => value !== null && value !== undefined)
  if (current === null || !isMap(current.meta)) {
    return {
      summary: `would change the metadata of page ${showValue(pageId)}`,
      changes: true,
      fields: list(Object.fromEntries(wanted)),
    }
  }
  const { meta } = current
  const fields = wanted
    // an empty text clears
    .map(
      ([path, value]): FieldChange => ({ path, from: meta[path] ?? undefined, to: value === '' ? undefined : value }),
    )
    .filter(({ from, to }) => from !== to)
  return fields.length === 0
    ? nothing(`page ${titleOf(current)} has this metadata`)
    : { summary: `would change the metadata of page ${titleOf(current)}; it is live at once`, changes: true, fields }
}

function describeRedirect({ source, destination, permanent }: Json): Change {
  return plain(
    `would redirect ${showValue(source)} to ${showValue(destination)} (${permanent === false ? 302 : 301}), live at once`,
  )
}

/** Where two JSON values differ, lists as a whole (a merge patch replaces them). */
function diff(from: unknown, to: unknown, path = ''): FieldChange[] {
  if (!isMap(from) || !isMap(to)) return isDeepStrictEqual(from, to) ? [] : [{ path, from, to }]
  return [...new Set([...Object.keys(from), ...Object.keys(to)])].flatMap(key =>
    diff(memberOf(from, key), memberOf(to, key), appendPath(path, key)),
  )
}

/** The fields of something that is not compared with anything. */
function list(value: unknown): FieldChange[] {
  if (!isMap(value)) return []
  return Object.entries(value).map(([key, to]) => ({ path: appendPath('', key), from: undefined, to }))
}

function plain(summary: string): Change {
  return { summary, changes: true, fields: [] }
}

function nothing(why: string): Change {
  return { summary: `nothing to do: ${why}`, changes: false, fields: [] }
}

function titleOf({ name, id }: Json): string {
  return typeof name === 'string' ? `${showValue(name)} (${showText(String(id))})` : showValue(id)
}

/** An id without quotes. */
function idText(id: unknown): string {
  return typeof id === 'string' ? showText(id) : showValue(id)
}

function nameOf({ name }: Json): string {
  return showValue(name)
}

function revisionOf({ latestRevision }: Json): Json | null {
  return isMap(latestRevision) ? latestRevision : null
}

function memberOf(map: Json, key: string): unknown {
  return Object.hasOwn(map, key) ? map[key] : undefined
}
