import { EvaluationError } from '@marcbachmann/cel-js'
import { EVALUATION_STEPS_MAX } from './expression-limits.ts'

export const TOO_COSTLY = `the expression needs more than ${EVALUATION_STEPS_MAX} steps`

/** One budget for the running evaluation: evaluation is synchronous, so there is never a second one. */
let stepsLeft = EVALUATION_STEPS_MAX

/** Starts the budget of one evaluation. */
export function resetBudget(): void {
  stepsLeft = EVALUATION_STEPS_MAX
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
