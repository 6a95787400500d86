import type { Expression } from './expression/compile-expression.ts'
import type { Template } from './expression/compile-template.ts'
import type { MappingFile } from './mapping-schema.ts'

/** One step of a mapping, its action written out. */
export type CheckedStep =
  | { kind: 'operation'; id: string; if: Expression | null; operation: string; variables: Template }
  | { kind: 'hold'; id: string; if: Expression | null; message: Template }

export interface NamedTemplate {
  name: string
  template: Template
}

/** A mapping file, checked and compiled. */
export interface CheckedMapping {
  name: string
  file: string
  /** SHA-256 (hex) of the file's JSON. */
  hash: string
  source: string
  integration: string
  /** Event types; null: all. */
  on: readonly string[] | null
  when: Expression | null
  /** The parts of `when` joined by `&&`, to say which of them was false; empty when there is one part only. */
  whenParts: readonly Expression[]
  order: Template | null
  coalesce: boolean
  runAt: Template | null
  expiresAfter: Template | null
  forEach: Expression | null
  vars: readonly NamedTemplate[]
  /** Whether events that our own writes caused are mapped too. */
  onEcho: 'skip' | 'run'
  /** Name of the action the steps come from, null for steps of the file's own. */
  action: string | null
  /** Parameters of the action (`with`), null without one. */
  with: Template | null
  steps: readonly CheckedStep[]
  json: MappingFile
}

/** A shipped action, checked and compiled: its steps see `with` and `steps` only. */
export interface CheckedAction {
  name: string
  description: string
  parameters: Readonly<Record<string, { required: boolean; description: string }>>
  anyOf: readonly (readonly string[])[]
  steps: readonly CheckedStep[]
}
