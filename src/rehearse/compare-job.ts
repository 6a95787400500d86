import { compareValues } from '../mapping/compare-values.ts'
import { showText, showValue } from '../mapping/show-value.ts'
import type { PastJob, SentStep } from '../store/reports.ts'
import type { Foreseen, ForeseenOperation } from './foresee-job.ts'
import type { RehearsalDifference } from './rehearsal-result.ts'

/** `undecided`: nothing differs as far as that is known, and why it is not known further. */
export interface JobComparison {
  differences: RehearsalDifference[]
  undecided: string | null
}

interface Sent extends Omit<SentStep, 'variables'> {
  variables: unknown
  isMatched: boolean
}

/** Reasons of a dead job that say nothing about the mapping. */
const NOT_OF_THE_MAPPING = ['expired', 'poison', 'payload_pruned']

/** Compares what a job sent with what today's files would send in its place. Pure. */
export function compareJob(past: PastJob, foreseen: Foreseen): JobComparison {
  // called off before it sent anything, by a newer job or as an echo: only that it was made can be compared
  if (past.state === 'superseded') return { differences: [], undecided: null }
  const sent = lastPerStep(past.sent)
  const differences: RehearsalDifference[] = []
  const add = (step: string | null, operation: string | null, path: string, before: string, after: string): void => {
    differences.push({ item: past.itemIndex, step, operation, path, before, after })
  }
  const stopped = isStopped(past, sent)
  const beyond = compareSends(foreseen.sends, sent, stopped, add)
  const dropped = sent.filter(({ effect, isMatched }) => effect !== 'read' && !isMatched)
  const openOperations = foreseen.open.map(({ operation }) => operation)
  for (const { step, operation, variables } of dropped)
    if (!openOperations.includes(operation))
      add(step, operation, 'operation', `sent ${showValue(variables)}`, 'not sent')
  if (!beyond) compareEnds(past, foreseen, stopped, add)

  const isOpen = foreseen.open.length > 0 && (!stopped || dropped.length > 0)
  if (differences.length > 0) return { differences, undecided: null }
  if (isOpen) return { differences, undecided: describeOpen(foreseen) }
  return { differences, undecided: hasEnded(past) ? null : 'the job has not ended' }
}

/** Every step as it was sent last: a flow that started over read again. Questions of settling are no steps. */
function lastPerStep(attempts: readonly SentStep[]): Sent[] {
  const steps = new Map<string, Sent>()
  for (const attempt of attempts) {
    if (attempt.step.endsWith('?')) continue
    steps.set(attempt.step, { ...attempt, variables: JSON.parse(attempt.variables), isMatched: false })
  }
  return [...steps.values()]
}

/** True where the job went no further than what it sent last: it was refused, had no answer, or has not ended. */
function isStopped(past: PastJob, sent: readonly Sent[]): boolean {
  const last = sent.at(-1)
  return !hasEnded(past) || (last !== undefined && last.outcome !== 'applied') || isForeignEnd(past)
}

function hasEnded({ state }: PastJob): boolean {
  return state === 'succeeded' || state === 'dead' || state === 'held'
}

function isForeignEnd({ state, reason }: PastJob): boolean {
  return state === 'dead' && NOT_OF_THE_MAPPING.includes(reason ?? '')
}

type Add = (step: string | null, operation: string | null, path: string, before: string, after: string) => void

/** True where today's files go further than the job came. */
function compareSends(sends: readonly ForeseenOperation[], sent: readonly Sent[], stopped: boolean, add: Add): boolean {
  for (const { step, operation, variables } of sends) {
    const then = findCounterpart(step, operation, variables, sent)
    if (then === undefined) {
      if (stopped && sent.every(({ isMatched }) => isMatched)) return true
      add(step, operation, 'operation', 'not sent', `sends ${showValue(variables)}`)
      continue
    }
    then.isMatched = true
    for (const difference of compareValues(then.variables, variables, 'variables'))
      add(step, operation, difference.path, difference.expected, difference.found)
  }
  return false
}

/** The same operation in the same step, else the nearest of the same operation. */
function findCounterpart(step: string, operation: string, variables: unknown, sent: readonly Sent[]): Sent | undefined {
  const candidates = sent.filter(then => !then.isMatched && then.operation === operation)
  return (
    candidates.find(then => then.step === step) ??
    candidates.find(then => compareValues(then.variables, variables, '').length === 0) ??
    candidates[0]
  )
}

function compareEnds(past: PastJob, { end, open }: Foreseen, stopped: boolean, add: Add): void {
  const then = past.reason === null ? past.state : `${past.state}: ${past.reason}`
  if (end.kind === 'dead') {
    if (past.state !== 'dead' || past.reason !== end.reason)
      add(null, null, 'outcome', then, `dead: ${end.reason}: ${showText(end.message)}`)
    return
  }
  if (end.kind === 'held') {
    if (past.state !== 'held') add(null, null, 'outcome', then, `held: ${showText(end.message)}`)
    return
  }
  if (stopped || open.length > 0 || past.state === 'succeeded') return
  add(null, null, 'outcome', then, 'would go on to its end')
}

function describeOpen({ open }: Foreseen): string {
  const needs = [...new Set(open.flatMap(step => step.needs))]
  return `depends on what is read (${needs.map(id => `steps.${id}`).join(', ')}); that answer was not kept`
}
