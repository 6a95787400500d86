import type { Operation } from '../mapping/operation.ts'
import type { WorkContext } from './work-context.ts'

/**
 * Reads that are kept for a while: the fields of a collection, which a person changes now and then in the dashboard,
 * and which every job that writes content asks for. Without it each such job would spend one more request of the rate limit.
 */
const KEPT_OPERATIONS = new Set(['collection'])
/** How long a read is kept. A field added in the dashboard is unknown to jobs for this long at most. */
const KEPT_MS = 60_000
/** Reads kept; beyond it the oldest are dropped. */
const KEPT_MAX = 200
/** Largest answer kept, in UTF-16 units of JSON: with `KEPT_MAX` that bounds the memory. */
const KEPT_UNITS_MAX = 65_536

interface Kept {
  data: Record<string, unknown>
  integration: string
  readAt: number
}

/** One per worker, and gone with it. */
const caches = new WeakMap<WorkContext, Map<string, Kept>>()

export interface CachedRead {
  integration: string
  /** Fingerprint: an answer belongs to the token, which may see less than another. */
  token: string
  endpoint: string
  operation: Operation
  variables: Record<string, unknown>
}

/** The answer to the same read in the last 60 s, or null. Nothing is sent and nothing recorded for it. */
export function findKeptRead(read: CachedRead, context: WorkContext): Record<string, unknown> | null {
  if (!KEPT_OPERATIONS.has(read.operation.name)) return null
  const kept = caches.get(context)?.get(keyOf(read))
  const age = kept === undefined ? Number.POSITIVE_INFINITY : context.now() - kept.readAt
  // a clock that was set back must not make an answer last
  return kept !== undefined && age >= 0 && age < KEPT_MS ? kept.data : null
}

/** Keeps the answer to a read, where it is one that is kept. */
export function keepRead(read: CachedRead, data: Record<string, unknown>, context: WorkContext): void {
  if (!KEPT_OPERATIONS.has(read.operation.name) || read.operation.effect !== 'read') return
  if (JSON.stringify(data).length > KEPT_UNITS_MAX) return
  const cache = caches.get(context) ?? new Map<string, Kept>()
  caches.set(context, cache)
  const key = keyOf(read)
  cache.delete(key)
  cache.set(key, { data, integration: read.integration, readAt: context.now() })
  for (const oldest of cache.keys()) {
    if (cache.size <= KEPT_MAX) break
    cache.delete(oldest)
  }
}

/** Forgets what was read for an integration: the API refused something, perhaps because the collection has changed. */
export function forgetReads(integration: string, context: WorkContext): void {
  const cache = caches.get(context)
  for (const [key, kept] of cache ?? []) if (kept.integration === integration) cache?.delete(key)
}

function keyOf({ integration, token, endpoint, operation, variables }: CachedRead): string {
  return JSON.stringify([integration, token, endpoint, operation.hash, variables])
}
