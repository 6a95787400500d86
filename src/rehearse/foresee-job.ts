import type { CheckedMapping } from '../mapping/checked-mapping.ts'
import { compareValues } from '../mapping/compare-values.ts'
import type { Scope } from '../mapping/expression/scope.ts'
import { computeVars } from '../mapping/map.ts'
import { mapKnownStep, noAnswers, noteAnswer } from '../mapping/walk-steps.ts'
import type { PastJob } from '../store/reports.ts'

/** What a job of today's files would do, as far as the answers that were kept tell. */
export interface Foreseen {
  sends: ForeseenOperation[]
  /** Steps that depend on answers nobody kept, with the steps they depend on. */
  open: { step: string; operation: string | null; needs: readonly string[] }[]
  /** How it would end: of itself, or held or dead before that. */
  end: { kind: 'done' } | { kind: 'held'; message: string } | { kind: 'dead'; reason: string; message: string }
}
export interface ForeseenOperation {
  step: string
  operation: string
  /** As they would be sent: plain JSON. */
  variables: Record<string, unknown>
}

interface Answer {
  step: string
  operation: string
  variables: unknown
  data: unknown
  used: boolean
}

/**
 * Walks the steps of a mapping for one job without sending anything: where then and now ask the same, the answer of then
 * stands in. Answers were kept up to the last applied mutation; what depends on any other is open.
 */
export function foreseeJob(mapping: CheckedMapping, scope: Scope, past: PastJob | null): Foreseen {
  const foreseen: Foreseen = { sends: [], open: [], end: { kind: 'done' } }
  const vars = computeVars(mapping, scope)
  if (!vars.ok) return { ...foreseen, end: { kind: 'dead', reason: vars.reason, message: vars.message } }
  const answers = past === null ? [] : keptAnswers(past)
  const known = noAnswers()
  for (const [index, { id }] of mapping.steps.entries()) {
    const step = mapKnownStep(mapping, index, { ...scope, vars: vars.vars }, known)
    if (step.kind === 'hold') return { ...foreseen, end: { kind: 'held', message: step.message } }
    if (step.kind === 'failed')
      return { ...foreseen, end: { kind: 'dead', reason: step.reason, message: step.message } }
    if (step.kind === 'unknown') {
      foreseen.open.push({ step: id, operation: step.operation, needs: step.needs })
      if (step.operation !== null) known.uncertain.add(id)
    }
    if (step.kind === 'run') {
      const variables = toJson(step.variables)
      foreseen.sends.push({ step: id, operation: step.operation, variables })
      noteAnswer(known, id, takeAnswer(answers, id, step.operation, variables))
    }
  }
  return foreseen
}

function keptAnswers({ done, sent }: PastJob): Answer[] {
  return done.flatMap(({ id, operation, data }) => {
    const attempt = sent.findLast(attempt => attempt.step === id && attempt.operation === operation)
    return operation === null || attempt === undefined
      ? []
      : [{ step: id, operation, variables: JSON.parse(attempt.variables), data, used: false }]
  })
}

/** The answer to the same question: of the same step first, because a question may have been asked before and after a write. */
function takeAnswer(answers: Answer[], step: string, operation: string, variables: unknown): { data: unknown } | null {
  const same = answers.filter(
    answer =>
      !answer.used && answer.operation === operation && compareValues(answer.variables, variables, '').length === 0,
  )
  const answer = same.find(answer => answer.step === step) ?? same[0]
  if (answer === undefined) return null
  answer.used = true
  return { data: answer.data }
}

/** What `JSON.stringify` of the request body makes of it. */
function toJson(variables: Record<string, unknown>): Record<string, unknown> {
  return JSON.parse(JSON.stringify(variables)) as Record<string, unknown>
}
