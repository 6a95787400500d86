import type { CheckedAction } from '../checked-mapping.ts'
import type { StepDraft } from '../compile-steps.ts'
import type { Expression } from '../expression/compile-expression.ts'
import { appendPointer } from '../json-pointer.ts'
import type { Problem } from '../problem.ts'
import type { SourceFile } from '../source-file.ts'
import { checkSteps, type StepProblem } from './check-steps.ts'
import type { TypedOperation } from './type-operation.ts'
import { placeTypeProblem, type TypeProblem } from './type-problem.ts'
import { DYN, type Field, keyOf, type ValueType } from './value-type.ts'

/** An action as the type check needs it. */
export interface ActionTypes {
  name: string
  parameters: CheckedAction['parameters']
  drafts: readonly StepDraft[]
  /** What was found for a parameter of a type before: mappings give alike types to one action. */
  found: Map<string, readonly StepProblem[]>
}

/** Most answers kept per action; beyond it all are dropped. */
const KEPT_MAX = 1_000

/** Checks the steps of an action whatever its parameters are. */
export function checkAction(
  action: ActionTypes,
  source: SourceFile,
  operations: ReadonlyMap<string, TypedOperation>,
): Problem[] {
  const problems: Problem[] = []
  checkSteps(action.drafts, {
    scope: new Map([['with', parametersOf(action, null)]]),
    operations,
    isWanted: () => true,
    report: ({ step, variable, expressions, ...problem }) => problems.push(placeTypeProblem(source, problem)),
  })
  return problems
}

/** Checks the steps of an action with the types a mapping gives for its parameters; problems stand at the parameters. */
export function checkParameters(
  action: ActionTypes,
  given: ValueType,
  operations: ReadonlyMap<string, TypedOperation>,
  report: (problem: TypeProblem) => void,
): void {
  if (given.kind !== 'object') return
  for (const [name, { type }] of given.fields) {
    if (!Object.hasOwn(action.parameters, name) || type.kind === 'dyn') continue
    // One mistake may show in many steps; the first of them says enough.
    const problems = findProblems(action, name, type, operations)
    const worst = problems.find(({ severity }) => severity === 'error')
    for (const problem of worst === undefined ? firstPerPlace(problems) : [worst])
      report(atParameter(action, name, problem))
  }
}

function findProblems(
  action: ActionTypes,
  name: string,
  type: ValueType,
  operations: ReadonlyMap<string, TypedOperation>,
): readonly StepProblem[] {
  const key = `${name} ${keyOf(type)}`
  const present = action.found.get(key)
  if (present !== undefined) return present
  const problems: StepProblem[] = []
  checkSteps(action.drafts, {
    scope: new Map([['with', parametersOf(action, { name, type })]]),
    operations,
    isWanted: expressions => expressions.some(expression => usesParameter(expression, name)),
    report: problem => problems.push(problem),
  })
  if (action.found.size >= KEPT_MAX) action.found.clear()
  action.found.set(key, problems)
  return problems
}

function usesParameter({ references }: Expression, name: string): boolean {
  return references.some(({ root, member }) => root === 'with' && (member === null || member === name))
}

function parametersOf(action: ActionTypes, typed: { name: string; type: ValueType } | null): ValueType {
  const fields = Object.keys(action.parameters).map((name): [string, Field] => [
    name,
    typed?.name === name ? { type: typed.type, optional: false } : { type: DYN, optional: true },
  ])
  return { kind: 'object', name: null, fields: new Map(fields), rest: null, unselected: null }
}

function firstPerPlace(problems: readonly StepProblem[]): readonly StepProblem[] {
  const places = new Set<string>()
  return problems.filter(problem => {
    const place = `${problem.code} ${problem.path.join('/')}`
    return !places.has(place) && places.add(place)
  })
}

/** `with.content`, or `default(with.content, …)`: the value is the parameter's, so that a path in it is one in the file. */
const PARAMETER_ITSELF = /^\s*(?:default\(\s*)?with\.(\w+)((?:\.\w+)*)\s*(?:,.*\))?\s*$/s

function atParameter(action: ActionTypes, name: string, problem: StepProblem): TypeProblem {
  const { step, variable, expressions, ...rest } = problem
  const itself = PARAMETER_ITSELF.exec(problem.expression?.source ?? '')
  const inner = itself?.[1] === name ? [...(itself[2] ?? '').split('.').slice(1), ...problem.path] : []
  const where =
    variable === null ? `the step "${step}" of the action ${action.name}` : `${variable} in the action ${action.name}`
  return {
    ...rest,
    pointer: appendPointer('/with', name),
    path: inner,
    start: null,
    expected: rest.expected === null ? null : `${rest.expected} for ${where}`,
    message: `${rest.message} (${where})`,
  }
}
