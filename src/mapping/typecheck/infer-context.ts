import type { SyntaxNode } from '../expression/syntax-tree.ts'
import type { ProblemCode } from '../problem.ts'
import type { Facts } from './facts.ts'
import type { ValueType } from './value-type.ts'

/** Something wrong in an expression. */
export interface Finding {
  severity: 'error' | 'warning'
  code: ProblemCode
  message: string
  expected: string | null
  found: string | null
  suggestion: string | null
}

/** What an expression is inferred with. */
export interface InferContext {
  /** Types of the names in scope, those bound by `map`, `filter` and the like among them. */
  scope: ReadonlyMap<string, ValueType>
  facts: Facts
  /** Inside `default` and `has`, where a missing member is no failure. */
  isForgiving: boolean
  /** The steps that may be skipped, with the parts of their conditions. */
  skips: ReadonlyMap<string, readonly string[]>
  /** Infers a part of the expression; here, since expressions and calls hold each other. */
  infer(node: SyntaxNode, context: InferContext): ValueType
  /** `start` counts from the start of the expression, in UTF-16 units. */
  report(start: number, finding: Finding): void
}

/** A finding of its parts; an error unless it says otherwise. */
export function finding(parts: Pick<Finding, 'code' | 'message'> & Partial<Finding>): Finding {
  return { severity: 'error', expected: null, found: null, suggestion: null, ...parts }
}
