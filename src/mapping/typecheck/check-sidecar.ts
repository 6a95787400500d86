import { appendPointer } from '../json-pointer.ts'
import type { Operation } from '../operation.ts'
import type { Problem } from '../problem.ts'
import type { SourceFile } from '../source-file.ts'
import { suggest } from '../suggest.ts'
import { checkCondition, checkExpression, checkVariable, placeCel, valueContext } from './check-values.ts'
import { describeChoice } from './describe-type.ts'
import { finding } from './infer-context.ts'
import { membersOfNode } from './infer-template.ts'
import type { TypedOperation } from './type-operation.ts'
import { placeTypeProblem, type TypeProblem } from './type-problem.ts'
import { membersOf, type ObjectType, type ValueType } from './value-type.ts'

/** Checks the expressions of a sidecar: `success` over the answer, `verify` over the variables and the query's answer. */
export function checkSidecar(
  operation: Operation,
  source: SourceFile,
  operations: ReadonlyMap<string, TypedOperation>,
): Problem[] {
  const problems: Problem[] = []
  const report = (problem: TypeProblem) => problems.push(placeTypeProblem(source, problem))
  const typed = operations.get(operation.name)
  if (typed === undefined) return problems
  if (operation.success !== null) {
    const placed = placeCel(operation.success, textAt(source, 'success'), '/success')
    checkCondition(placed, '"success"', valueContext([['data', typed.data]], report))
  }
  checkVerification(operation, source, typed, operations, report)
  return problems
}

function checkVerification(
  { verify }: Operation,
  source: SourceFile,
  typed: TypedOperation,
  operations: ReadonlyMap<string, TypedOperation>,
  report: (problem: TypeProblem) => void,
): void {
  const query = verify === null ? undefined : operations.get(verify.operation)
  if (verify === null || query === undefined) return
  const atQuery = valueContext([['variables', typed.variables]], report)
  for (const [name, node] of membersOfNode(verify.variables.node)) {
    const pointer = appendPointer('/verify/variables', name)
    if (!query.inputs.has(name)) reportUnknown(name, pointer, query, report)
    checkVariable({ name, pointer, node, type: query.inputs.get(name) ?? null }, atQuery)
  }
  reportMissing(verify, query, report)
  const atAnswer = valueContext(
    [
      ['variables', typed.variables],
      ['result', query.data],
    ],
    report,
  )
  for (const key of ['applied', 'different'] as const) {
    const expression = verify[key]
    if (expression === null) continue
    checkCondition(placeCel(expression, textAt(source, 'verify', key), `/verify/${key}`), `"${key}"`, atAnswer)
  }
  if (verify.adopt === null) return
  const placed = placeCel(verify.adopt, textAt(source, 'verify', 'adopt'), '/verify/adopt')
  const adopted = checkExpression(placed, atAnswer)
  for (const unknown of findUnknown(adopted, typed.data)) {
    const parts = { severity: 'error', code: 'unknown_field', message: `the answer has no "${unknown.name}"` } as const
    const { expected, found, suggestion } = unknown
    report({
      ...parts,
      expected,
      found,
      suggestion,
      pointer: '/verify/adopt',
      path: [],
      start: placed.start,
      atKey: false,
      expression: placed.expression,
    })
  }
}

function reportUnknown(
  name: string,
  pointer: string,
  query: TypedOperation,
  report: (problem: TypeProblem) => void,
): void {
  const known = [...query.inputs.keys()]
  const message = `${query.name} has no variable "${name}"`
  const parts = { code: 'unknown_variable', message, expected: describeChoice(known), found: `"${name}"` } as const
  const place = { pointer, path: [], start: null, atKey: true, expression: null }
  report({ ...finding({ ...parts, suggestion: suggest(name, known) }), ...place })
}

function reportMissing(
  { variables }: NonNullable<Operation['verify']>,
  query: TypedOperation,
  report: (problem: TypeProblem) => void,
): void {
  const given = new Set(membersOfNode(variables.node).map(([name]) => name))
  for (const [name, type] of query.inputs) {
    if (given.has(name) || !query.required.has(name)) continue
    const message = `${query.name} needs the variable "${name}"`
    const parts = { code: 'missing_variable', message, expected: `"${name}" (${type})`, found: 'nothing' } as const
    const place = { pointer: '/verify', path: ['variables'], start: null, atKey: false, expression: null }
    report({ ...finding(parts), ...place })
  }
}

interface UnknownField {
  name: string
  expected: string
  found: string
  suggestion: string | null
}

/** Members of the adopted answer that the operation's own answer never has: later steps could not read them. */
function findUnknown(adopted: ValueType, data: ValueType): UnknownField[] {
  const wanted = membersOf(data).find((type): type is ObjectType => type.kind === 'object')
  if (adopted.kind !== 'object' || adopted.name !== null || wanted === undefined || wanted.rest !== null) return []
  return [...adopted.fields].flatMap(([name, field]) => {
    const own = wanted.fields.get(name)
    if (own !== undefined) return findUnknown(field.type, own.type)
    const known = [...wanted.fields.keys()]
    return [{ name, expected: describeChoice(known), found: `"${name}"`, suggestion: suggest(name, known) }]
  })
}

function textAt({ json }: SourceFile, ...path: readonly string[]): string {
  const text = path.reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], json)
  return typeof text === 'string' ? text : ''
}
