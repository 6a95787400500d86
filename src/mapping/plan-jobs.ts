import { parseDuration } from '../config/parse-duration.ts'
import type { Trigger } from './compile-trigger.ts'
import type { EventScope } from './create-scope.ts'
import type { Template } from './expression/compile-template.ts'
import type { FailureReason } from './expression/describe-failure.ts'
import type { Scope } from './expression/scope.ts'
import { readInstant } from './expression/to-instant.ts'
import { computeVars } from './map.ts'

/** Longest order key, in UTF-16 units. */
const ORDER_KEY_UNITS_MAX = 512

/** A job to be made of an event: `item` is undefined without `forEach`; instants in epoch ms. */
export interface PlannedJob {
  orderKey: string | null
  item: unknown
  itemIndex: number
  /** null: at once. */
  runAt: number | null
  /** null: never. */
  expiresAt: number | null
}

export type JobPlan =
  | { ok: true; jobs: readonly PlannedJob[] }
  | { ok: false; reason: FailureReason | 'too_many_items'; message: string }

type Failure = Extract<JobPlan, { ok: false }>
type Step<T> = { ok: true; value: T } | Failure

/**
 * Plans the jobs of an event that a mapping takes: one, or one per element of `forEach`.
 * Each has its order key (text, number or bool as text; empty or anything else is an error), when it runs (`runAt`: an
 * instant, or a duration after the event) and when it expires (`expiresAfter`: a duration after it may first run, or an
 * instant). Fails as a whole: an event makes all its jobs or none. Pure.
 */
export function planJobs(mapping: Trigger, scope: EventScope, limits: { jobsPerEventMax: number }): JobPlan {
  const items = listItems(mapping, scope, limits.jobsPerEventMax)
  if (!items.ok) return items
  const jobs: PlannedJob[] = []
  for (const [itemIndex, item] of items.value.entries()) {
    const job = planJob(mapping, scope, item, itemIndex)
    if (!job.ok) return mapping.forEach === null ? job : { ...job, message: `element ${itemIndex}: ${job.message}` }
    jobs.push(job.value)
  }
  return { ok: true, jobs }
}

function listItems(mapping: Trigger, scope: EventScope, jobsMax: number): Step<readonly unknown[]> {
  if (mapping.forEach === null) return { ok: true, value: [undefined] }
  const list = mapping.forEach.evaluate(scope)
  if (!list.ok) return { ...list, message: `forEach: ${list.message}` }
  if (!Array.isArray(list.value)) return fail('mapping_type', 'forEach gives no list')
  if (list.value.length > jobsMax) {
    return fail(
      'too_many_items',
      `forEach gives ${list.value.length} elements, more than limits.jobsPerEvent (${jobsMax})`,
    )
  }
  return { ok: true, value: list.value }
}

function planJob(mapping: Trigger, event: EventScope, item: unknown, itemIndex: number): Step<PlannedJob> {
  const scope = scopeOfJob(mapping, mapping.forEach === null ? event : { ...event, item })
  if (!scope.ok) return scope
  const orderKey =
    mapping.order === null ? { ok: true as const, value: null } : readOrderKey(mapping.order, scope.value)
  if (!orderKey.ok) return orderKey
  const { receivedAt } = event.event
  const runAt = readInstantOf(mapping.runAt, 'runAt', scope.value, receivedAt)
  if (!runAt.ok) return runAt
  const expiresAt = readInstantOf(
    mapping.expiresAfter,
    'expiresAfter',
    scope.value,
    Math.max(runAt.value ?? 0, receivedAt),
  )
  if (!expiresAt.ok) return expiresAt
  return {
    ok: true,
    value: { orderKey: orderKey.value, item, itemIndex, runAt: runAt.value, expiresAt: expiresAt.value },
  }
}

/** `vars` are computed here only where planning reads them; the job computes them again when it runs. */
function scopeOfJob(mapping: Trigger, scope: Scope): Step<Scope> {
  const templates = [mapping.order, mapping.runAt, mapping.expiresAfter]
  if (!templates.some(template => template?.roots.has('vars'))) return { ok: true, value: scope }
  const computed = computeVars(mapping, scope)
  return computed.ok ? { ok: true, value: { ...scope, vars: computed.vars } } : computed
}

function readOrderKey(order: Template, scope: Scope): Step<string> {
  const result = order.evaluate(scope)
  if (!result.ok) return { ...result, message: `order: ${result.message}` }
  const { value } = result
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') {
    return fail('mapping_type', 'order gives no text, number or bool')
  }
  const key = String(value)
  if (key === '') return fail('invalid_value', 'order gives an empty text')
  if (!key.isWellFormed()) return fail('invalid_text', 'order gives half of a surrogate pair')
  return key.length > ORDER_KEY_UNITS_MAX
    ? fail('too_large', `order gives more than ${ORDER_KEY_UNITS_MAX} characters`)
    : { ok: true, value: key }
}

/** null gives null: the sender has set no time. */
function readInstantOf(template: Template | null, key: string, scope: Scope, baseAt: number): Step<number | null> {
  if (template === null) return { ok: true, value: null }
  const result = template.evaluate(scope)
  if (!result.ok) return { ...result, message: `${key}: ${result.message}` }
  const { value } = result
  if (value === null) return { ok: true, value: null }
  const durationMs = typeof value === 'string' ? parseDuration(value) : null
  if (durationMs !== null) return { ok: true, value: baseAt + durationMs }
  const at = typeof value === 'string' || typeof value === 'number' ? readInstant(value) : null
  return at === null
    ? fail('invalid_value', `${key} gives neither an instant nor a duration such as 10m`)
    : { ok: true, value: at }
}

function fail(reason: Failure['reason'], message: string): Failure {
  return { ok: false, reason, message }
}
