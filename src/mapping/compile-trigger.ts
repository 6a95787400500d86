import { createHash } from 'node:crypto'
import type { CheckedMapping, NamedTemplate } from './checked-mapping.ts'
import { type CelContext, compileCel, compileJson } from './compile-cel.ts'
import { compileExpression, type Expression } from './expression/compile-expression.ts'
import type { Template } from './expression/compile-template.ts'
import { appendPointer } from './json-pointer.ts'
import type { MappingFile } from './mapping-schema.ts'
import type { Problem } from './problem.ts'
import type { SourceFile } from './source-file.ts'

/** Names in scope: of an event (before there are jobs) and of a job. */
const EVENT_SCOPE = ['payload', 'headers', 'query', 'event', 'constants']
const EVENT_MEMBERS = new Set(['id', 'source', 'type', 'key', 'receivedAt'])

/** The part of a mapping that decides which events it takes, and which jobs they make. */
export type Trigger = Pick<
  CheckedMapping,
  | 'name'
  | 'hash'
  | 'source'
  | 'integration'
  | 'on'
  | 'when'
  | 'whenParts'
  | 'order'
  | 'coalesce'
  | 'runAt'
  | 'expiresAfter'
  | 'forEach'
  | 'vars'
  | 'onEcho'
>

/**
 * Compiles the trigger of a mapping file whose shape was checked. It stands apart from the steps, because the thread that
 * judges needs nothing else: neither GraphQL nor the schema of the file, which are a third of its memory.
 */
export function compileTrigger(
  name: string,
  file: MappingFile,
  constants: Readonly<Record<string, unknown>>,
  source: SourceFile,
  problems: Problem[],
): { trigger: Trigger; atJob: CelContext } {
  const members = { event: EVENT_MEMBERS, constants: new Set(Object.keys(constants)) }
  const known = { constants }
  const atEvent: CelContext = { source, problems, variables: EVENT_SCOPE, members, known }
  const jobScope = [...EVENT_SCOPE, 'vars', ...(file.forEach === undefined ? [] : ['item'])]
  const atVars: CelContext = { source, problems, variables: jobScope, members, known }
  const vars = compileVars(file.vars ?? {}, atVars)
  const atJob: CelContext = { ...atVars, members: { ...members, vars: new Set(Object.keys(file.vars ?? {})) } }
  const optional = (key: 'order' | 'runAt' | 'expiresAfter'): Template | null =>
    file[key] === undefined ? null : compileJson(file[key], `/${key}`, atJob)
  const when = file.when === undefined ? null : compileCel(file.when, '/when', 'bool', atEvent)
  const trigger: Trigger = {
    name,
    hash: createHash('sha256').update(JSON.stringify(file)).digest('hex'),
    source: file.source,
    integration: file.integration,
    on: file.on ?? null,
    when,
    whenParts: when === null ? [] : splitConjunction(when),
    order: optional('order'),
    coalesce: file.coalesce === 'latest',
    runAt: optional('runAt'),
    expiresAfter: optional('expiresAfter'),
    forEach: file.forEach === undefined ? null : compileCel(file.forEach, '/forEach', 'list', atEvent),
    vars,
    onEcho: file.onEcho ?? 'skip',
  }
  return { trigger, atJob }
}

/** A var may use those written before it. */
function compileVars(vars: Readonly<Record<string, unknown>>, context: CelContext): NamedTemplate[] {
  const compiled: NamedTemplate[] = []
  const before = new Set<string>()
  for (const [name, value] of Object.entries(vars)) {
    const members = { ...context.members, vars: new Set(before) }
    const template = compileJson(value, appendPointer('/vars', name), { ...context, members })
    if (template !== null) compiled.push({ name, template })
    before.add(name)
  }
  return compiled
}

/** `a && b && c` as three expressions over the event, so that a person can be told which of them was false. */
function splitConjunction(when: Expression): Expression[] {
  if (when.conjuncts.length < 2) return []
  const parts = when.conjuncts.map(source => compileExpression(source, { variables: EVENT_SCOPE }))
  return parts.every(part => part.ok) ? parts.map(part => part.expression) : []
}
