import { compileExpression, type Expression } from './expression/compile-expression.ts'
import { compileTemplate, type Template } from './expression/compile-template.ts'
import type { Reference } from './expression/find-references.ts'
import { splitTemplate } from './expression/split-template.ts'
import type { Problem } from './problem.ts'
import { expressionProblem, problemAt, problemInString, type SourceFile } from './source-file.ts'
import { suggest } from './suggest.ts'

/** Where expressions of a file stand: what they may name, which members those names have, where problems go. */
export interface CelContext {
  source: SourceFile
  problems: Problem[]
  variables: readonly string[]
  /** Members known before any event; a name that is absent may have any. */
  members: Readonly<Record<string, ReadonlySet<string>>>
  /** Values known before any event, by the name in scope. */
  known: Readonly<Record<string, unknown>>
}

/** Kinds an expression may have to give, and what to call them. */
const KINDS = {
  bool: { test: /^(?:bool|dyn)$/, name: 'an expression that gives a bool' },
  list: { test: /^(?:list|dyn)/, name: 'an expression that gives a list' },
  any: { test: /./, name: 'an expression' },
} as const

/** Compiles a value that is one CEL expression, with or without `${…}` around it; null after a problem. */
export function compileCel(
  text: string,
  pointer: string,
  kind: keyof typeof KINDS,
  context: CelContext,
): Expression | null {
  const inner = unwrap(text, pointer, context)
  if (inner === null) return null
  const compiled = compileExpression(inner.source, { variables: context.variables })
  if (!compiled.ok) {
    context.problems.push(expressionProblem(context.source, pointer, compiled.problem, inner.start))
    return null
  }
  const { expression } = compiled
  if (!KINDS[kind].test.test(expression.type)) {
    const expected = KINDS[kind].name
    const found = `one that gives ${expression.type}`
    const parts = { code: 'expression_type', message: `expected ${expected}`, expected, found } as const
    context.problems.push(problemInString(context.source, pointer, inner.start, parts))
    return null
  }
  return checkKnown(expression, pointer, inner.start, context) ? expression : null
}

/** Compiles a JSON value with `${…}` in its strings; null after a problem. */
export function compileJson(value: unknown, pointer: string, context: CelContext): Template | null {
  const compiled = compileTemplate(value, pointer, { variables: context.variables })
  if (!compiled.ok) {
    for (const problem of compiled.problems) {
      context.problems.push(expressionProblem(context.source, problem.pointer, problem))
    }
    return null
  }
  const checks = compiled.template.expressions.map(({ expression, pointer: at, start }) =>
    checkKnown(expression, at, start, context),
  )
  return checks.every(Boolean) ? compiled.template : null
}

function unwrap(text: string, pointer: string, context: CelContext): { source: string; start: number } | null {
  if (!text.includes('${')) return { source: text, start: 0 }
  const split = splitTemplate(text)
  const only = split.ok && split.parts.length === 1 ? split.parts[0] : undefined
  if (only?.kind === 'expression') return { source: only.source, start: only.start }
  const expected = 'one CEL expression'
  const found = 'text with ${…} inside'
  context.problems.push(
    problemAt(context.source, pointer, { code: 'expression', message: `expected ${expected}`, expected, found }),
  )
  return null
}

/** What is known before any event: members that are not there, and an expression that fails whatever comes. */
function checkKnown(expression: Expression, pointer: string, shift: number, context: CelContext): boolean {
  if (!checkReferences(expression, pointer, shift, context)) return false
  if ([...expression.roots].some(root => !Object.hasOwn(context.known, root))) return true
  const result = expression.evaluate(context.known)
  // these two the type check tells, with more to say
  if (result.ok || result.reason === 'mapping_type' || result.reason === 'missing_key') return true
  const parts = {
    code: 'invalid_value',
    message: `it always fails: ${result.message}`,
    expected: 'an expression that can be computed',
    found: `one that always fails: ${result.message}`,
  } as const
  context.problems.push(problemInString(context.source, pointer, shift, parts))
  return false
}

/** Members that are known not to exist are found when the mapping is loaded, not when the webhook comes. */
function checkReferences(expression: Expression, pointer: string, shift: number, context: CelContext): boolean {
  const unknown = expression.references.filter(({ root, member, isForgiven }) => {
    const members = context.members[root]
    // another configuration may have the constant; the other names stand in this file or are the bridge's
    if (isForgiven && root === 'constants') return false
    return member !== null && members !== undefined && !members.has(member)
  })
  for (const reference of unknown) context.problems.push(unknownMember(reference, pointer, shift, context))
  return unknown.length === 0
}

function unknownMember(
  { root, member, start }: Reference,
  pointer: string,
  shift: number,
  context: CelContext,
): Problem {
  const members = [...(context.members[root] ?? [])]
  const found = `${root}.${member}`
  const suggestion = suggest(member ?? '', members)
  return problemInString(context.source, pointer, start + shift, {
    code: 'unknown_reference',
    message: `${root} has no "${member}" here`,
    expected:
      members.length === 0
        ? `no use of ${root}: it has nothing here`
        : `one of ${members.map(name => `${root}.${name}`).join(', ')}`,
    found,
    suggestion: suggestion === null ? null : `${root}.${suggestion}`,
  })
}
