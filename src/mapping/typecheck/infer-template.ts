import type { PlacedExpression, TemplateNode } from '../expression/compile-template.ts'
import { describeType } from './describe-type.ts'
import { type Finding, finding } from './infer-context.ts'
import { withoutQuietNull } from './quiet-null.ts'
import { asJson, DYN, membersOf, objectOf, STRING, tupleOf, typeOfJson, type ValueType } from './value-type.ts'

/** How the expressions of a template are inferred, and where findings go: `start` counts from an expression's start. */
export interface TemplateContext {
  infer(placed: PlacedExpression): ValueType
  report(placed: PlacedExpression, start: number, finding: Finding): void
}

/** The type of the JSON value a template gives. */
export function inferTemplate(node: TemplateNode, context: TemplateContext): ValueType {
  switch (node.kind) {
    case 'constant':
      return typeOfJson(node.value)
    case 'expression':
      return inferResult(node.placed, context)
    case 'text':
      return inferText(node.parts, context)
    case 'list':
      return tupleOf(node.items.map(item => inferTemplate(item, context)))
    case 'map':
      return objectOf(node.entries.map(([key, item]) => [key, inferTemplate(item, context)] as const))
  }
}

function inferResult(placed: PlacedExpression, context: TemplateContext): ValueType {
  const type = asJson(context.infer(placed))
  const bad = membersOf(type)
  if (bad.length > 0 && bad.every(({ kind }) => kind === 'opaque')) {
    const found = `one that gives ${describeType(type)}`
    const parts = { message: `${describeType(type)} cannot be JSON`, expected: 'an expression that gives JSON', found }
    context.report(placed, 0, finding({ code: 'expression_type', ...parts }))
    return DYN
  }
  return type
}

export function inferText(parts: readonly (string | PlacedExpression)[], context: TemplateContext): ValueType {
  for (const part of parts) {
    if (typeof part !== 'string') checkInText(part, context.infer(part), context)
  }
  const last = parts.at(-1)
  // "${date(...)}T00:00:00Z"
  return { ...STRING, zulu: typeof last === 'string' && /T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?Z$/.test(last) }
}

function checkInText(placed: PlacedExpression, type: ValueType, context: TemplateContext): void {
  const members = membersOf(withoutQuietNull(type))
  if (members.length === 0 || !members.every(({ kind }) => kind === 'list' || kind === 'object')) return
  const what = describeType(type)
  const suggestion =
    members[0]!.kind === 'list' ? 'make it text with join(..., ", ")' : 'name one of its members, or use json(...)'
  const parts = { message: `${what} cannot be part of a text`, expected: 'a text, a number or a bool', found: what }
  context.report(placed, 0, finding({ code: 'expression_type', ...parts, suggestion }))
}

/** The members of a map node; a map without expressions is a constant. */
export function membersOfNode(node: TemplateNode | undefined): readonly (readonly [string, TemplateNode])[] {
  if (node?.kind === 'map') return node.entries
  if (node?.kind !== 'constant' || typeof node.value !== 'object' || node.value === null) return []
  return Object.entries(node.value).map(([key, value]) => [key, { kind: 'constant', value }] as const)
}
