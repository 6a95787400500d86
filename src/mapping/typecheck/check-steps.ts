import type { StepDraft } from '../compile-steps.ts'
import type { Expression } from '../expression/compile-expression.ts'
import type { Template } from '../expression/compile-template.ts'
import { appendPointer } from '../json-pointer.ts'
import { checkCondition, checkText, checkVariable, placeCel, type ValueContext } from './check-values.ts'
import { addFacts, type Facts, NO_FACTS, partsOf } from './facts.ts'
import { membersOfNode } from './infer-template.ts'
import type { TypedOperation } from './type-operation.ts'
import type { TypeProblem } from './type-problem.ts'
import { DYN, type Field, type ValueType } from './value-type.ts'

/** What steps are checked with. */
export interface StepsContext {
  /** Names in scope beside `steps`. */
  scope: ReadonlyMap<string, ValueType>
  operations: ReadonlyMap<string, TypedOperation>
  /** Expressions that do not matter are left out, with the variables made of them only. */
  isWanted(expressions: readonly Expression[]): boolean
  report(problem: StepProblem): void
}

/** A problem of a step, with the words for where it is. */
export interface StepProblem extends TypeProblem {
  step: string
  /** `pageId of the operation page`, or null where it is not about a variable. */
  variable: string | null
  expressions: readonly Expression[]
}

/** Checks steps in order; each sees the types of the results before it. */
export function checkSteps(drafts: readonly StepDraft[], context: StepsContext): void {
  const results = new Map<string, Field>()
  const skips = new Map<string, readonly string[]>()
  let facts = NO_FACTS
  for (const draft of drafts) {
    const steps: ValueType = { kind: 'object', name: null, fields: new Map(results), rest: null, unselected: null }
    const scope = new Map([...context.scope, ['steps', steps] as const])
    checkStep(draft, { scope, facts, skips: new Map(skips) }, context)
    if (draft.body.kind === 'operation') {
      const { operation } = draft.body
      const data = operation === null ? DYN : (context.operations.get(operation.name)?.data ?? DYN)
      results.set(draft.id, { type: data, optional: draft.isConditional })
      if (draft.condition !== null) skips.set(draft.id, partsOf(draft.condition.tree))
    } else if (draft.condition !== null) {
      // A hold ends the job: after it, its condition did not hold.
      facts = addFacts(facts, draft.condition.tree, false)
    }
  }
}

function checkStep(draft: StepDraft, values: Omit<ValueContext, 'report'>, context: StepsContext): void {
  const { id, at, condition, body } = draft
  const contextOf = (expressions: readonly Expression[], facts: Facts, variable: string | null): ValueContext => ({
    ...values,
    facts,
    report: problem => context.report({ ...problem, step: id, variable, expressions }),
  })
  if (condition !== null && context.isWanted([condition])) {
    const placed = placeCel(condition, draft.conditionText, appendPointer(at, 'if'))
    checkCondition(placed, '"if"', contextOf([condition], values.facts, null))
  }
  const facts = condition === null ? values.facts : addFacts(values.facts, condition.tree, true)
  if (body.kind === 'hold') {
    const expressions = expressionsOf(body.message)
    if (body.message !== null && context.isWanted(expressions))
      checkText(body.message.node, contextOf(expressions, facts, null))
    return
  }
  const inputs = body.operation === null ? undefined : context.operations.get(body.operation.name)?.inputs
  for (const [name, node] of membersOfNode(body.variables?.node)) {
    const pointer = appendPointer(appendPointer(at, 'variables'), name)
    const expressions = expressionsOf(body.variables).filter((_, i) =>
      isWithin(body.variables!.expressions[i]!.pointer, pointer),
    )
    if (!context.isWanted(expressions)) continue
    const variable = `${name} of the operation ${body.operation?.name}`
    checkVariable({ name, pointer, node, type: inputs?.get(name) ?? null }, contextOf(expressions, facts, variable))
  }
}

function expressionsOf(template: Template | null): readonly Expression[] {
  return template === null ? [] : template.expressions.map(({ expression }) => expression)
}

function isWithin(pointer: string, owner: string): boolean {
  return pointer === owner || pointer.startsWith(`${owner}/`)
}
