import { isMap } from '../is-map.ts'
import type { CheckedMapping } from '../mapping/checked-mapping.ts'
import type { Scope } from '../mapping/expression/scope.ts'
import type { Operation } from '../mapping/operation.ts'
import { showValue } from '../mapping/show-value.ts'
import {
  computeKnownVars,
  type KnownAnswers,
  type KnownStep,
  mapKnownStep,
  noAnswers,
  noteAnswer,
} from '../mapping/walk-steps.ts'
import { type Change, describeChange, type TargetKind, targetOf } from './describe-change.ts'
import type { Reader } from './open-reader.ts'
import { readArguments } from './read-arguments.ts'

type Json = Record<string, unknown>

/** A step of a plan. */
export type PlannedStep = { step: string } & (
  | { kind: 'skip' }
  | { kind: 'read'; operation: string; variables: Json }
  /** `change` null: only the variables can be shown. `note`: why it is not compared. */
  | { kind: 'write'; operation: string; variables: Json; change: Change | null; note: string | null }
  /** Decided by what a write before it will have done. */
  | { kind: 'after_write'; operation: string | null; variables: Json | null }
  | { kind: 'hold'; message: string }
  | { kind: 'failed'; reason: string; message: string }
  /** It could not be read. */
  | { kind: 'unread'; operation: string; message: string }
)

/** `unread`: a read failed, so the plan ends here; `stops`: so would every other one. */
export interface JobPlanned {
  outcome: 'writes' | 'nothing' | 'held' | 'dead' | 'unread'
  stops: boolean
  steps: readonly PlannedStep[]
  /** The answers to the reads, by step id. */
  answers: Readonly<Record<string, unknown>>
}

interface Planning {
  mapping: CheckedMapping
  operations: ReadonlyMap<string, Operation>
  reader: Reader
  known: KnownAnswers
  /** Targets of the writes so far: their state as it is read now is not what a later step will meet. */
  written: Set<string>
  hasWrite: boolean
  stops: boolean
}

/**
 * Goes through the steps of a job as the worker would, but sends only its reads, and says what each write would change
 * against the present state. What comes after a write cannot be read: it is `after_write`. `scope` is that of the job.
 */
export async function planJob(
  mapping: CheckedMapping,
  scope: Scope,
  context: { operations: ReadonlyMap<string, Operation>; reader: Reader },
): Promise<JobPlanned> {
  const known = noAnswers()
  const vars = computeKnownVars(mapping, scope, known)
  if (vars.kind === 'failed') return { outcome: 'dead', stops: false, steps: [{ step: 'vars', ...vars }], answers: {} }
  const planning: Planning = {
    mapping,
    ...context,
    known,
    written: new Set(),
    hasWrite: false,
    stops: false,
  }
  const steps: PlannedStep[] = []
  for (const [index, { id }] of mapping.steps.entries()) {
    const mapped = mapKnownStep(mapping, index, vars.scope, known)
    const step: PlannedStep = { step: id, ...(await planStep(id, mapped, planning)) }
    steps.push(step)
    if (step.kind === 'hold' || step.kind === 'failed' || step.kind === 'unread') break
  }
  return { outcome: outcomeOf(steps), stops: planning.stops, steps, answers: planning.known.answers }
}

function outcomeOf(steps: readonly PlannedStep[]): JobPlanned['outcome'] {
  const last = steps.at(-1)?.kind
  if (last === 'unread') return 'unread'
  if (last === 'failed') return 'dead'
  if (last === 'hold') return 'held'
  return steps.some(step => step.kind === 'write' && step.change?.changes !== false) ? 'writes' : 'nothing'
}

type StepOf = PlannedStep extends infer Step ? (Step extends { step: string } ? Omit<Step, 'step'> : never) : never

async function planStep(id: string, known: KnownStep, planning: Planning): Promise<StepOf> {
  if (known.kind === 'unknown') {
    if (known.operation !== null) planning.known.uncertain.add(id)
    return { kind: 'after_write', operation: known.operation, variables: null }
  }
  if (known.kind !== 'run') return known
  const { variables } = known
  const operation = planning.operations.get(known.operation)!
  if (operation.kind === 'mutation') return planWrite(id, operation, variables, planning)
  if (planning.hasWrite) {
    noteAnswer(planning.known, id, null)
    return { kind: 'after_write', operation: operation.name, variables }
  }
  const answer = await planning.reader.read(operation, variables)
  if (!answer.ok) {
    planning.stops = answer.stops
    return { kind: 'unread', operation: operation.name, message: answer.message }
  }
  noteAnswer(planning.known, id, answer)
  return { kind: 'read', operation: operation.name, variables }
}

async function planWrite(id: string, operation: Operation, variables: Json, planning: Planning): Promise<StepOf> {
  const args = readArguments(operation, variables)
  const target = targetOf(operation.mutationField, args)
  const key = target === null ? null : `${target.kind} ${target.id}`
  const write = { kind: 'write' as const, operation: operation.name, variables }
  noteAnswer(planning.known, id, null)
  if (key !== null && planning.written.has(key)) return { ...write, change: null, note: 'after the write before it' }
  const current = target === null ? NOT_READ : await readCurrent(target.kind, target.id, planning)
  if (current.stops) {
    planning.stops = true
    return { kind: 'unread', operation: operation.name, message: current.note ?? '' }
  }
  const change = describeChange(operation.mutationField, args, current.state)
  // one that changes nothing leaves everything as later steps would read it now
  if (change?.changes !== false) {
    planning.hasWrite = true
    if (key !== null) planning.written.add(key)
  }
  return { ...write, change, note: current.note }
}

interface Current {
  state: Json | null
  note: string | null
  stops: boolean
}

const NOT_READ: Current = { state: null, note: null, stops: false }

/** The query that shows a thing whole, and its variable. */
const QUERIES = { entry: 'entryId', page: 'pageId' } as const satisfies Record<TargetKind, string>

/** The present state of an entry or page: as a step read it, else by a read of the plan's own. */
async function readCurrent(kind: TargetKind, id: string, { operations, reader }: Planning): Promise<Current> {
  const query = operations.get(kind)
  if (query?.kind !== 'query' || !query.variables.some(({ name }) => name === QUERIES[kind]))
    return { ...NOT_READ, note: `not compared: the operation "${kind}" is not the shipped one` }
  // the reader answers from memory where a step has asked the same
  const answer = await reader.read(query, { [QUERIES[kind]]: id })
  if (!answer.ok && answer.stops) return { state: null, note: answer.message, stops: true }
  if (!answer.ok) return { ...NOT_READ, note: `not compared: ${answer.message}` }
  const state = answer.data[kind]
  return isMap(state)
    ? { ...NOT_READ, state }
    : { ...NOT_READ, note: `not compared: there is no ${kind} ${showValue(id)}` }
}
