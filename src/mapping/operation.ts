import type { Effect } from '../store/attempts.ts'
import type { Expression } from './expression/compile-expression.ts'
import type { Template } from './expression/compile-template.ts'

/** How to ask the API whether a mutation whose answer was lost took effect; all over `variables` and `result`. */
export interface Verification {
  /** Name of a query operation. */
  operation: string
  /** Its variables, over `variables` (those of the mutation). */
  variables: Template
  /** True: the effect is there. */
  applied: Expression
  /** True: something is there, but not what was sent; a person decides. */
  different: Expression | null
  /** The data later steps see in place of the lost answer. */
  adopt: Expression | null
}

export interface OperationVariable {
  name: string
  /** As written in the document: `String!`, `[Int!]`. */
  type: string
  /** Non-null and without a default. */
  required: boolean
}

/** A checked operation file with its sidecar (interface.md 4). */
export interface Operation {
  name: string
  file: string
  /** Sent byte for byte. */
  document: string
  kind: 'query' | 'mutation'
  variables: readonly OperationVariable[]
  /** The one root field of a mutation; null for a query. */
  mutationField: string | null
  /** Over `data`; false: the API refused. */
  success: Expression | null
  effect: Effect
  verify: Verification | null
  /** SHA-256 (hex) of document and sidecar. */
  hash: string
}
