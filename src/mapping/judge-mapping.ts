import type { Trigger } from './compile-trigger.ts'
import type { EventScope } from './create-scope.ts'
import { createBudget, nameCost, runWithin } from './expression/evaluation-budget.ts'
import { JUDGEMENT_STEPS_MAX } from './expression/expression-limits.ts'
import { type Match, matchMapping } from './match.ts'
import { type JobPlan, planJobs } from './plan-jobs.ts'

/** A plan whose cost was bounded as a whole; `mapping_cost`: it was ended. */
export type JudgedPlan =
  | Extract<JobPlan, { ok: true }>
  | {
      ok: false
      reason: Exclude<Extract<JobPlan, { ok: false }>['reason'], 'too_costly'> | 'mapping_cost'
      message: string
    }

/** Not taken, and why; or taken, with its jobs or why there are none. */
export type JudgedMapping =
  | { taken: false; match: Extract<Match, { matched: false }> }
  | { taken: true; plan: JudgedPlan }

/**
 * Judges one event by one mapping: does it match, and which jobs does it make. All its expressions together may take
 * `JUDGEMENT_STEPS_MAX` steps. A `when` that was ended counts as taken and failed: whether the event was meant is not
 * known, and as unmatched it would be lost without a word. Pure.
 */
export function judgeMapping(
  mapping: Trigger,
  scope: EventScope,
  limits: { jobsPerEventMax: number },
  stepsMax = JUDGEMENT_STEPS_MAX,
): JudgedMapping {
  const budget = createBudget(stepsMax)
  const match = runWithin(budget, () => matchMapping(mapping, scope))
  if (!match.matched) {
    const isEnded = match.reason === 'when_error' && budget.overrun
    return isEnded ? { taken: true, plan: failWhen(match.detail) } : { taken: false, match }
  }
  const plan = runWithin(budget, () => planJobs(mapping, scope, limits))
  return { taken: true, plan: plan.ok ? plan : { ok: false, ...nameCost(plan, budget) } }
}

function failWhen(detail: string): JudgedPlan {
  return { ok: false, reason: 'mapping_cost', message: `when: ${detail.replace(/^too_costly: /, '')}` }
}
