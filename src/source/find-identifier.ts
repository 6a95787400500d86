import { compileTemplate, type Template, type TemplateProblem } from '../mapping/expression/compile-template.ts'
import type { SourceScope } from './source.ts'

/** Names in scope where a source says its key or event type. */
const VARIABLES = ['payload', 'headers', 'query']

export type OptionalTemplate =
  | { ok: true; template: Template | null }
  | { ok: false; problems: readonly TemplateProblem[] }

/** Compiles the `${CEL}` in which a source says its key or event type; null stays null. */
export function compileIdentifier(expression: string | null, pointer: string): OptionalTemplate {
  return expression === null
    ? { ok: true, template: null }
    : compileTemplate(expression, pointer, { variables: VARIABLES })
}

/** Evaluates it: text or a number that is short enough to be an identifier, else null. */
export function findIdentifier(template: Template | null, scope: SourceScope, charsMax: number): string | null {
  const found = template?.evaluate({ ...scope })
  if (found === undefined || !found.ok) return null
  const text = typeof found.value === 'number' ? String(found.value) : found.value
  return typeof text === 'string' && text !== '' && text.length <= charsMax ? text : null
}
