import { EvaluationError } from '@marcbachmann/cel-js'
import { EVALUATION_STEPS_MAX } from './expression-limits.ts'

export const TOO_COSTLY = `the expression needs more than ${EVALUATION_STEPS_MAX} steps`

/** What all evaluations of one job, or of one event and mapping, may cost together. */
export interface WorkBudget {
  readonly stepsMax: number
  stepsLeft: number
  /** True once an evaluation was ended: by its own limit, or because nothing was left here. */
  overrun: boolean
}

/** One budget for the running evaluation: evaluation is synchronous, so there is never a second one. */
let stepsLeft = EVALUATION_STEPS_MAX
/** What the running evaluation was given at its start. */
let granted = EVALUATION_STEPS_MAX
/** The budget it is charged to; null outside `runWithin`. */
let shared: WorkBudget | null = null

/** Makes a budget of `stepsMax` steps (expression-limits.ts). */
export function createBudget(stepsMax: number): WorkBudget {
  return { stepsMax, stepsLeft: stepsMax, overrun: false }
}

/** Runs synchronous work; every evaluation in it is charged to the budget, and none gets more than is left of it. */
export function runWithin<T>(budget: WorkBudget, work: () => T): T {
  const outer = shared
  settle()
  shared = budget
  try {
    return work()
  } finally {
    settle()
    shared = outer
  }
}

/** Charges the evaluation that came before to the budget it ran in. */
function settle(): void {
  if (shared !== null) {
    shared.stepsLeft = Math.max(0, shared.stepsLeft - (granted - stepsLeft))
    if (stepsLeft < 0) shared.overrun = true
  }
  stepsLeft = granted = EVALUATION_STEPS_MAX
}

/** Starts the budget of one evaluation. Beginning costs a step: about what the smallest expression takes. */
export function resetBudget(): void {
  settle()
  if (shared !== null) granted = Math.min(granted, shared.stepsLeft)
  stepsLeft = granted - 1
}

/** Says whether the budget was used up, even where `||` or `exists` went on after the error. */
export function isBudgetSpent(): boolean {
  return stepsLeft < 0
}

/** Takes `steps` from the running evaluation's budget; throws `too_costly` when it is used up. */
export function spend(steps: number): void {
  stepsLeft -= steps
  if (stepsLeft < 0) fail('too_costly', TOO_COSTLY)
}

/** Ends the running evaluation with a coded error, the kind cel-js itself throws (it attaches the place). */
export function fail(code: string, message: string): never {
  throw new EvaluationError({ code, message })
}

/**
 * Gives a failure the name a dead letter has: `too_costly` becomes `mapping_cost`, and where it was not the one
 * expression but all of them together, the message says so.
 */
export function nameCost<Reason extends string>(
  { reason, message }: { reason: Reason; message: string },
  { stepsMax, stepsLeft }: WorkBudget,
): { reason: Exclude<Reason, 'too_costly'> | 'mapping_cost'; message: string } {
  if (reason !== 'too_costly') return { reason: reason as Exclude<Reason, 'too_costly'>, message }
  const together = `the expressions of the mapping need more than ${stepsMax} steps together`
  return { reason: 'mapping_cost', message: stepsLeft > 0 ? message : message.replace(TOO_COSTLY, together) }
}
