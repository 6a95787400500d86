import { isMap } from '../is-map.ts'

/**
 * How long after a write of ours an event on the same entry or page counts as its echo, in ms. Pixelesq does not retry
 * its webhooks, so an echo comes within the delay of its queue; what a person saves on the same entry within this time
 * is skipped with it. Two minutes: many times such a delay, and shorter than most reviews.
 */
export const ECHO_WINDOW_MS = 120_000
/** How long a job waits for the id of something that is being made when its event comes, in ms. */
export const ECHO_WAIT_MAX_MS = 5_000
/** Longest id looked at, in characters. */
const ID_CHARS_MAX = 128

/** Variables that name what a mutation writes; those of the shipped operations, and the usual spellings of others. */
const OBJECT_VARIABLES = ['entryId', 'pageId', 'entry_id', 'page_id', 'id']
/** Fields of an answer that hold what was written. */
const OBJECT_FIELDS = ['entry', 'page']

/** The ids of entries and pages that the variables of a mutation name; empty where it makes something new. */
export function objectsInVariables(variables: unknown): string[] {
  if (!isMap(variables)) return []
  return unique(OBJECT_VARIABLES.map(name => variables[name]))
}

/** The ids of entries and pages in the data of an answer: `{ createEntry: { entry: { id } } }`. */
export function objectsInAnswer(data: unknown): string[] {
  if (!isMap(data)) return []
  const objects = Object.values(data).flatMap(result => (isMap(result) ? OBJECT_FIELDS.map(name => result[name]) : []))
  return unique(objects.map(object => (isMap(object) ? object.id : null)))
}

/** Whether a text may be the id of an entry or page. */
export function isObjectId(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= ID_CHARS_MAX
}

function unique(values: readonly unknown[]): string[] {
  return [...new Set(values.filter(isObjectId))]
}
