import type { StepDraft } from '../compile-steps.ts'
import type { Trigger } from '../compile-trigger.ts'
import type { Template } from '../expression/compile-template.ts'
import type { MappingFile } from '../mapping-schema.ts'
import type { Problem } from '../problem.ts'
import type { SourceFile } from '../source-file.ts'
import { type ActionTypes, checkParameters } from './check-action.ts'
import { checkSchedule } from './check-schedule.ts'
import { checkSteps } from './check-steps.ts'
import {
  checkCondition,
  checkExpression,
  checkTemplate,
  placeCel,
  type ValueContext,
  valueContext,
} from './check-values.ts'
import { describeType } from './describe-type.ts'
import { finding } from './infer-context.ts'
import type { PayloadTypes } from './payload-types.ts'
import { elementOf } from './read-member.ts'
import type { TypedOperation } from './type-operation.ts'
import { placeTypeProblem, type TypeProblem } from './type-problem.ts'
import { DYN, isUnknown, mapOf, membersOf, objectOf, STRING, type ValueType, WHOLE } from './value-type.ts'

/** A mapping's compiled parts, and what they are checked against. */
export interface MappingParts {
  source: SourceFile
  file: MappingFile
  trigger: Trigger
  /** Its own steps; none where it has an action. */
  drafts: readonly StepDraft[]
  with: Template | null
  action: ActionTypes | null
  constants: ValueType
  operations: ReadonlyMap<string, TypedOperation>
  /** What a sender's schema says of the payload; most have none, so that only the event tells. */
  payloadOf: PayloadTypes['payloadOf']
}

/** What every event has; `query` only the event tells. */
const EVENT: ValueType = objectOf([
  ['id', STRING],
  ['source', STRING],
  ['type', STRING],
  ['key', STRING],
  ['receivedAt', WHOLE],
])

const HEADERS: ValueType = mapOf(STRING)
const QUERY: ValueType = mapOf(DYN)

const BY_SCHEMA = "(by the sender's event schema)"

/**
 * Checks the types of a mapping: its conditions, vars and steps, or the parameters it gives to an action. Parts with
 * problems of their own (null here) are taken for what only the event tells.
 */
export function checkMapping(parts: MappingParts): Problem[] {
  const certain = checkWith(DYN, parts)
  const payload = parts.payloadOf(parts.file.source, parts.file.on)
  if (payload.kind === 'dyn') return certain
  // What is found with a typed payload only rests on the sender's schema alone, which lags behind the sender.
  const told = new Set(certain.map(placeOf))
  return [
    ...certain,
    ...checkWith(payload, parts)
      .filter(problem => !told.has(placeOf(problem)))
      .map(soften),
  ]
}

function placeOf({ pointer, line, column, code }: Problem): string {
  return `${pointer} ${line} ${column} ${code}`
}

function soften(problem: Problem): Problem {
  const { message, expected } = problem
  return {
    ...problem,
    severity: 'warning',
    message: `${message} ${BY_SCHEMA}`,
    expected: expected === null ? null : `${expected} ${BY_SCHEMA}`,
  }
}

function checkWith(payload: ValueType, parts: MappingParts): Problem[] {
  const { source, file, trigger, operations } = parts
  const problems: Problem[] = []
  const report = (problem: TypeProblem) => problems.push(placeTypeProblem(source, problem))
  const atEvent = valueContext(
    [
      ['payload', payload],
      ['headers', HEADERS],
      ['query', QUERY],
      ['event', EVENT],
      ['constants', parts.constants],
    ],
    report,
  )
  if (trigger.when !== null) checkCondition(placeCel(trigger.when, file.when ?? '', '/when'), '"when"', atEvent)
  const atJob = addVars(trigger, {
    ...atEvent,
    scope: new Map([...atEvent.scope, ['item', typeOfItem(parts, atEvent)]]),
  })
  for (const key of ['order', 'runAt', 'expiresAfter'] as const) {
    const template = trigger[key]
    if (template !== null) checkSchedule(key, template, atJob)
  }
  checkSteps(parts.drafts, { scope: atJob.scope, operations, isWanted: () => true, report })
  if (parts.with !== null) {
    const given = checkTemplate(parts.with.node, atJob)
    if (parts.action !== null) checkParameters(parts.action, given, operations, report)
  }
  return problems
}

function typeOfItem({ trigger, file }: MappingParts, atEvent: ValueContext): ValueType {
  if (trigger.forEach === null) return DYN
  const placed = placeCel(trigger.forEach, file.forEach ?? '', '/forEach')
  const type = checkExpression(placed, atEvent)
  if (membersOf(type).some(member => member.kind === 'list' || isUnknown(member))) return elementOf(type) ?? DYN
  const { pointer, start, expression } = placed
  const found = `one that gives ${describeType(type)}`
  const parts = { message: '"forEach" gives no list', expected: 'an expression that gives a list', found }
  const place = { pointer, path: [], start: start + expression.tree.start, atKey: false, expression }
  atEvent.report({ ...finding({ code: 'expression_type', ...parts }), ...place })
  return DYN
}

/** A var sees those before it. */
function addVars({ vars }: Trigger, context: ValueContext): ValueContext {
  const known: [string, ValueType][] = []
  const withVars = () => new Map([...context.scope, ['vars', objectOf(known, DYN)] as const])
  for (const { name, template } of vars) {
    known.push([name, checkTemplate(template.node, { ...context, scope: withVars() })])
  }
  return { ...context, scope: withVars() }
}
