import { isDeepStrictEqual } from 'node:util'
import type { CheckedMapping, CheckedStep } from './checked-mapping.ts'
import { createBudget, nameCost, runWithin, type WorkBudget } from './expression/evaluation-budget.ts'
import { JOB_STEPS_MAX } from './expression/expression-limits.ts'
import type { Reference } from './expression/find-references.ts'
import type { Scope } from './expression/scope.ts'
import { computeVars, type MapFailure, type MappedStep, mapStep } from './map.ts'

/** What is known of the answers to the steps before: `answers` by id; of the other ids here, only that there is one. */
export interface KnownAnswers {
  answers: Record<string, unknown>
  /** Steps that run, with an answer nobody knows yet. */
  unknown: Set<string>
  /** Steps of which it is not even known whether they run. */
  uncertain: Set<string>
  /** What all expressions of the job may cost together. */
  budget: WorkBudget
}

/** A step whose `if`, variables or message depend on answers that are not known. */
export type OpenStep = {
  kind: 'unknown'
  /** The operation it would send; null for a hold. */
  operation: string | null
  /** Steps whose answers it needs. */
  needs: readonly string[]
}

export interface FailedStep {
  kind: 'failed'
  reason: Exclude<MapFailure, 'too_costly'> | 'mapping_cost'
  message: string
}

export type KnownStep = Exclude<MappedStep, { kind: 'failed' }> | FailedStep | OpenStep
export type WalkedStep = { step: string } & KnownStep

/** At most so many uncertain steps are tried as run and as skipped (2^n evaluations); above it the step is unknown. */
const UNCERTAIN_STEPS_MAX = 4

/**
 * Reads of an expression that meet this fail: cel-js touches no symbol. `false && …` and `has(steps.x)` still have their
 * value, so what is known in spite of a missing answer comes out as known.
 */
const UNKNOWN_ANSWER: unique symbol = Symbol('an answer that is not known')

/** Nothing is known yet: the start of a flow. */
export function noAnswers(): KnownAnswers {
  return { answers: {}, unknown: new Set(), uncertain: new Set(), budget: createBudget(JOB_STEPS_MAX) }
}

/**
 * Maps a job as far as that goes without the API: its `vars` (a failed step of that name where they fail), then all its
 * steps; `answers` are those that are known, by step id. Ends after a hold or a failure, since the job does. Pure.
 */
export function walkSteps(
  mapping: CheckedMapping,
  jobScope: Scope,
  answers: Readonly<Record<string, unknown>>,
): WalkedStep[] {
  const known = noAnswers()
  const vars = computeKnownVars(mapping, jobScope, known)
  if (vars.kind === 'failed') return [{ step: 'vars', ...vars }]
  const walked: WalkedStep[] = []
  for (const [index, { id }] of mapping.steps.entries()) {
    const step = mapKnownStep(mapping, index, vars.scope, known)
    walked.push({ step: id, ...step })
    if (step.kind === 'hold' || step.kind === 'failed') break
    if (step.kind === 'run') noteAnswer(known, id, Object.hasOwn(answers, id) ? { data: answers[id] } : null)
    if (step.kind === 'unknown' && step.operation !== null) known.uncertain.add(id)
  }
  return walked
}

/** The scope of a job with its `vars`. */
export function computeKnownVars(
  mapping: CheckedMapping,
  jobScope: Scope,
  { budget }: KnownAnswers,
): { kind: 'known'; scope: Scope } | FailedStep {
  const vars = runWithin(budget, () => computeVars(mapping, jobScope))
  return vars.ok
    ? { kind: 'known', scope: { ...jobScope, vars: vars.vars } }
    : { kind: 'failed', ...nameCost(vars, budget) }
}

/** Notes that a step ran, with its answer, or without one that is known. */
export function noteAnswer(known: KnownAnswers, id: string, answer: { data: unknown } | null): void {
  if (answer === null) known.unknown.add(id)
  else known.answers[id] = answer.data
}

/** `mapStep` over answers of which some are missing: the step as it will be whatever they are, or `unknown`. Pure. */
export function mapKnownStep(mapping: CheckedMapping, index: number, scope: Scope, known: KnownAnswers): KnownStep {
  const step = mapping.steps[index]!
  const needs = openAnswers(step, known)
  const uncertain = needs.filter(id => known.uncertain.has(id))
  const open: OpenStep = { kind: 'unknown', operation: step.kind === 'operation' ? step.operation : null, needs }
  if (uncertain.length > UNCERTAIN_STEPS_MAX) return open
  let agreed: MappedStep | null = null
  for (let world = 0; world < 2 ** uncertain.length; world++) {
    const steps: Record<string, unknown> = { ...known.answers }
    for (const id of known.unknown) steps[id] = UNKNOWN_ANSWER
    for (const [bit, id] of uncertain.entries()) if ((world & (1 << bit)) !== 0) steps[id] = UNKNOWN_ANSWER
    // a job does it once: only the first time is charged to its budget
    const map = (): MappedStep => mapStep(mapping, index, { ...scope, steps })
    const mapped = world === 0 ? runWithin(known.budget, map) : map()
    // what a symbol does to an expression (to-json-value.ts, describe-failure.ts)
    if (needs.length > 0 && mapped.kind === 'failed' && mapped.reason === 'precision_loss') return open
    if (agreed !== null && !isDeepStrictEqual(agreed, mapped)) return open
    agreed = mapped
  }
  return agreed!.kind === 'failed' ? { kind: 'failed', ...nameCost(agreed!, known.budget) } : agreed!
}

/** The steps with a missing answer that a step names; a computed name may be any of them. */
function openAnswers(step: CheckedStep, known: KnownAnswers): string[] {
  const open = [...known.unknown, ...known.uncertain]
  if (open.length === 0) return []
  const references = referencesOf(step).filter(({ root }) => root === 'steps')
  return references.some(({ member }) => member === null)
    ? open
    : open.filter(id => references.some(({ member }) => member === id))
}

function referencesOf(step: CheckedStep): Reference[] {
  const template = step.kind === 'hold' ? step.message : step.variables
  return [...(step.if?.references ?? []), ...template.expressions.flatMap(({ expression }) => expression.references)]
}
