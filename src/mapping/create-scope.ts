import { markLossyNumbers } from './expression/lossy-number.ts'
import type { Scope } from './expression/scope.ts'

/** What expressions may know of an event; `receivedAt` in epoch milliseconds. */
export interface EventFacts {
  id: string
  source: string
  type: string
  key: string
  receivedAt: number
}

/** The scope of an event; see `createScope`. */
export type EventScope = Scope & { readonly event: EventFacts }

export interface ScopeParts {
  event: EventFacts
  /** As `parsePayload` gave it, with its `lossy`. */
  payload: unknown
  lossy: readonly string[] | null
  /** Lower-case names. */
  headers: Readonly<Record<string, string>>
  query: Readonly<Record<string, unknown>>
  constants: Readonly<Record<string, unknown>>
}

/**
 * The scope of an event: `payload`, `headers`, `query`, `event`, `constants`. Secrets and the environment are never in it.
 * Per job, `vars`, `item` and `steps` are added by a copy. Reading a number that lost precision fails from here on.
 */
export function createScope({ event, payload, lossy, headers, query, constants }: ScopeParts): EventScope {
  return { payload: markLossyNumbers(payload, lossy), headers, query, event, constants }
}
