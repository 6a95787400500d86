import { isObjectId } from '../store/own-objects.ts'
import type { EchoQuestion } from '../store/routes.ts'

/** Values of a payload that are looked at for ids; a template of Pixelesq has seven variables. */
const VALUES_MAX = 64
/** Nesting that is looked into. */
const DEPTH_MAX = 8

const VERBS = ['created', 'saved', 'updated', 'published', 'unpublished', 'deleted'] as const
type Verb = (typeof VERBS)[number]

/**
 * What each shipped mutation may make Pixelesq report. A save is not reported as a publish: what a person publishes after
 * the bridge has saved a draft is no echo. Where it is not documented (a rename is live at once) the wider reading stands.
 * Mutations that are not listed may cause anything.
 */
const CAUSES: Readonly<Record<string, readonly Verb[]>> = {
  createEntry: ['created', 'saved', 'updated'],
  updateEntry: ['saved', 'updated'],
  renameEntry: ['saved', 'updated', 'published'],
  publishEntry: ['published', 'saved', 'updated'],
  unpublishEntry: ['unpublished', 'saved', 'updated'],
  deleteEntry: ['deleted', 'unpublished'],
  createPage: ['created', 'saved', 'updated'],
  savePage: ['saved', 'updated'],
  updatePageMeta: ['saved', 'updated'],
  publishPage: ['published', 'saved', 'updated'],
  unpublishPage: ['unpublished', 'saved', 'updated'],
}

/**
 * Asks of an event of Pixelesq whether a write of ours caused it. Its body is a template of the user's, so ids are looked
 * for by value, whatever their keys: every text (or whole number) that stands alone. Pixelesq says no event in it; what
 * is known of the event type narrows the writes that count.
 */
export function askForEcho(payload: unknown, type: string | null, receivedAt: number): EchoQuestion {
  return { objects: findIds(payload), receivedAt, notBy: type === null ? [] : listOthers(type) }
}

/** The shipped mutations that cannot have caused an event of this type. */
function listOthers(type: string): string[] {
  const verb = VERBS.find(verb => type === verb || type.endsWith(`.${verb}`))
  if (verb === undefined) return []
  return Object.keys(CAUSES).filter(operation => !CAUSES[operation]!.includes(verb))
}

function findIds(payload: unknown): string[] {
  const ids = new Set<string>()
  let seen = 0
  const look = (value: unknown, depth: number): void => {
    if (seen >= VALUES_MAX) return
    if (typeof value === 'object' && value !== null) {
      if (depth < DEPTH_MAX) for (const item of Object.values(value)) look(item, depth + 1)
      return
    }
    seen++
    if (isObjectId(value)) ids.add(value)
    else if (Number.isSafeInteger(value)) ids.add(String(value))
  }
  look(payload, 0)
  return [...ids]
}
