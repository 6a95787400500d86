import type { SyntaxNode } from '../expression/syntax-tree.ts'
import { suggest } from '../suggest.ts'
import { describeChoice, describeText, describeType } from './describe-type.ts'
import { finding, type InferContext } from './infer-context.ts'
import { BOOL, isNumeric, isText, isUnknown, membersOf, type ValueType } from './value-type.ts'

/** The type of `==` and `!=`; a comparison that always gives the same is reported. */
export function inferEquality(node: SyntaxNode, left: ValueType, right: ValueType, context: InferContext): ValueType {
  if (left.kind === 'null' || right.kind === 'null') return BOOL
  if (membersOf(left).some(a => membersOf(right).some(b => mayEqual(a, b)))) return BOOL
  const result = node.op === '==' ? 'false' : 'true'
  const values = enumOf(left) ?? enumOf(right)
  const literal = literalOf(left) ?? literalOf(right)
  const parts = {
    severity: 'warning',
    code: 'never_equal',
    message: `always ${result}: ${describeType(left)} never equals ${describeType(right)}`,
    expected: values === null ? `two values that can be equal` : `${values.name}: ${describeChoice(values.values)}`,
    found:
      values !== null && literal !== null
        ? describeText(literal)
        : `${describeType(left)} ${node.op} ${describeType(right)}`,
    suggestion: values !== null && literal !== null ? suggest(literal, values.values) : null,
  } as const
  context.report(literalStart(node), finding(parts))
  return { kind: 'bool', value: node.op === '!=' }
}

/** The literal of a comparison is what is wrong in it. */
function literalStart(node: SyntaxNode): number {
  const operands = node.args as [SyntaxNode, SyntaxNode]
  return operands.find(({ op }) => op === 'value')?.start ?? node.start
}

function mayEqual(left: ValueType, right: ValueType): boolean {
  if (isUnknown(left) || isUnknown(right)) return true
  if (isText(left) && isText(right)) return textsMayEqual(left, right)
  if (isNumeric(left) && isNumeric(right)) return true
  return left.kind === right.kind && (left.kind !== 'opaque' || left.name === (right as typeof left).name)
}

function textsMayEqual(left: ValueType, right: ValueType): boolean {
  if (left.kind === 'enum')
    return right.kind === 'enum' ? left.values.some(v => right.values.includes(v)) : mayBe(left, right)
  return right.kind !== 'enum' || mayBe(right, left)
}

function mayBe({ values }: { values: readonly string[] }, text: ValueType): boolean {
  return text.kind !== 'string' || text.value === null || values.includes(text.value)
}

function enumOf(type: ValueType): { name: string; values: readonly string[] } | null {
  const found = membersOf(type).find(({ kind }) => kind === 'enum')
  return found?.kind === 'enum' ? found : null
}

function literalOf(type: ValueType): string | null {
  return type.kind === 'string' ? type.value : null
}

/** The type of `in`. */
export function inferIn(node: SyntaxNode, left: ValueType, right: ValueType, context: InferContext): ValueType {
  const [leftNode, rightNode] = node.args as [SyntaxNode, SyntaxNode]
  const fits = membersOf(right).some(
    ({ kind }) => kind === 'list' || kind === 'object' || kind === 'dyn' || kind === 'never',
  )
  if (!fits) {
    const found = describeType(right)
    const expected = 'a list or a map on the right of "in"'
    const suggestion = isText(right) ? 'use contains(...) for a part of a text' : null
    context.report(
      rightNode.start,
      finding({ code: 'expression_type', message: `no such operation: in ${found}`, expected, found, suggestion }),
    )
    return BOOL
  }
  if (right.kind === 'list' && right.items !== null) {
    const nodes = rightNode.op === 'list' ? (rightNode.args as SyntaxNode[]) : []
    for (const [i, item] of right.items.entries()) checkMember(left, item, nodes[i] ?? rightNode, context)
  } else if (
    right.kind === 'list' &&
    right.item.kind !== 'never' &&
    !membersOf(left).some(a => membersOf(right.item).some(b => mayEqual(a, b)))
  ) {
    const found = `${describeType(left)} in ${describeType(right)}`
    const parts = {
      severity: 'warning',
      code: 'never_equal',
      message: `always false: ${found}`,
      expected: 'a value the list may hold',
      found,
    } as const
    context.report(leftNode.start, finding(parts))
  }
  return BOOL
}

/** `status in ['DRAFT', 'PUBLISH']`: each text written out must be one of the enum's. */
function checkMember(left: ValueType, item: ValueType, node: SyntaxNode, context: InferContext): void {
  const values = enumOf(left)
  const literal = literalOf(item)
  if (values === null || literal === null || values.values.includes(literal)) return
  const parts = {
    severity: 'warning',
    code: 'never_equal',
    message: `${values.name} has no value ${describeText(literal)}`,
    expected: `${values.name}: ${describeChoice(values.values)}`,
    found: describeText(literal),
    suggestion: suggest(literal, values.values),
  } as const
  context.report(node.start, finding(parts))
}
