import type { CheckedMapping, CheckedStep } from './checked-mapping.ts'
import type { FailureReason } from './expression/describe-failure.ts'
import type { Scope } from './expression/scope.ts'
import { setOwn } from './set-own.ts'

/** Largest variables of one operation, as JSON in bytes of UTF-8. */
const VARIABLES_BYTES_MAX = 1_048_576

export type MapFailure = FailureReason | 'variables_too_large'

/** What a step comes to for one job. */
export type MappedStep =
  | { kind: 'skip' }
  | { kind: 'run'; operation: string; variables: Record<string, unknown> }
  | { kind: 'hold'; message: string }
  | { kind: 'failed'; reason: MapFailure; message: string }

export type ComputedVars =
  | { ok: true; vars: Record<string, unknown> }
  | { ok: false; reason: FailureReason; message: string }

/** Computes a mapping's `vars`, each seeing those before it; `scope` is that of the job (with `item`). Pure. */
export function computeVars(mapping: Pick<CheckedMapping, 'vars'>, scope: Scope): ComputedVars {
  const vars: Record<string, unknown> = {}
  for (const { name, template } of mapping.vars) {
    const result = template.evaluate({ ...scope, vars })
    if (!result.ok) return { ok: false, reason: result.reason, message: `vars.${name}: ${result.message}` }
    setOwn(vars, name, result.value)
  }
  return { ok: true, vars }
}

/**
 * Maps one step of a job: skipped (`if` is false), an operation with its variables, a hold for a person, or failed.
 * `scope` is that of the job: the event's, `vars`, `item`, and in `steps` the data of the steps that ran, by id.
 * Variables are checked as they would be sent: whole characters only, at most 1 MiB as JSON. Pure.
 */
export function mapStep(mapping: CheckedMapping, stepIndex: number, scope: Scope): MappedStep {
  const step = mapping.steps[stepIndex]
  if (step === undefined) return { kind: 'failed', reason: 'missing_key', message: `there is no step ${stepIndex}` }
  const withScope = addParameters(mapping, scope)
  if (!withScope.ok) return { kind: 'failed', reason: withScope.reason, message: withScope.message }
  const condition = checkCondition(step, withScope.scope)
  return condition ?? mapBody(step, withScope.scope)
}

type ScopeWith = { ok: true; scope: Scope } | { ok: false; reason: FailureReason; message: string }

function addParameters(mapping: CheckedMapping, scope: Scope): ScopeWith {
  if (mapping.with === null) return { ok: true, scope }
  const result = mapping.with.evaluate(scope)
  if (result.ok) return { ok: true, scope: { ...scope, with: result.value } }
  return { ok: false, reason: result.reason, message: `with${result.pointer.replace('/with', '')}: ${result.message}` }
}

/** null: go on. */
function checkCondition(step: CheckedStep, scope: Scope): MappedStep | null {
  if (step.if === null) return null
  const result = step.if.evaluate(scope)
  if (!result.ok)
    return { kind: 'failed', reason: result.reason, message: `if of step "${step.id}": ${result.message}` }
  if (result.value === true) return null
  if (result.value === false) return { kind: 'skip' }
  return { kind: 'failed', reason: 'mapping_type', message: `if of step "${step.id}" gives neither true nor false` }
}

function mapBody(step: CheckedStep, scope: Scope): MappedStep {
  const template = step.kind === 'hold' ? step.message : step.variables
  const result = template.evaluate(scope)
  if (!result.ok) {
    const place = result.pointer.split('/').slice(3).join('.')
    return { kind: 'failed', reason: result.reason, message: `${place} of step "${step.id}": ${result.message}` }
  }
  if (step.kind === 'hold') return mapHold(step, result.value)
  const variables = result.value as Record<string, unknown>
  const text = stringify(variables)
  if (text === null) return tooLarge(step)
  // JSON.stringify writes a lone surrogate, and nothing else, as an escape of this form (ECMA-262 25.5.2).
  if (/\\ud[89a-f][0-9a-f]{2}/.test(text) && !isWellFormed(variables)) {
    return {
      kind: 'failed',
      reason: 'invalid_text',
      message: `a text of step "${step.id}" holds half of a surrogate pair`,
    }
  }
  if (Buffer.byteLength(text) > VARIABLES_BYTES_MAX) return tooLarge(step)
  return { kind: 'run', operation: step.operation, variables }
}

function mapHold(step: CheckedStep, value: unknown): MappedStep {
  if (typeof value !== 'object' || value === null) return { kind: 'hold', message: String(value) }
  const kind = Array.isArray(value) ? 'a list' : 'a map'
  return { kind: 'failed', reason: 'mapping_type', message: `hold of step "${step.id}" gives ${kind}, not a text` }
}

function tooLarge(step: CheckedStep): MappedStep {
  const message = `the variables of step "${step.id}" are larger than ${VARIABLES_BYTES_MAX} bytes`
  return { kind: 'failed', reason: 'variables_too_large', message }
}

/** null where the text would pass what V8 can hold (about 512 MiB): many large values in one step. */
function stringify(value: unknown): string | null {
  try {
    return JSON.stringify(value)
  } catch {
    return null
  }
}

function isWellFormed(value: unknown): boolean {
  if (typeof value === 'string') return value.isWellFormed()
  if (typeof value !== 'object' || value === null) return true
  return Object.entries(value).every(([key, item]) => key.isWellFormed() && isWellFormed(item))
}
