import type { CheckedStep } from './checked-mapping.ts'
import { type CelContext, compileCel, compileJson } from './compile-cel.ts'
import type { Expression } from './expression/compile-expression.ts'
import type { Template } from './expression/compile-template.ts'
import { appendPointer } from './json-pointer.ts'
import type { StepFile } from './mapping-schema.ts'
import type { Operation } from './operation.ts'
import { problemAt } from './source-file.ts'
import { suggest } from './suggest.ts'

/** What could be compiled of a step, for the type check; null for what has problems of its own. */
export interface StepDraft {
  id: string
  /** Pointer of the step. */
  at: string
  condition: Expression | null
  /** "if" as it is written. */
  conditionText: string
  isConditional: boolean
  body:
    | { kind: 'operation'; operation: Operation | null; variables: Template | null }
    | { kind: 'hold'; message: Template | null }
}

export interface CompiledSteps {
  /** Those without problems. */
  steps: CheckedStep[]
  drafts: StepDraft[]
}

/** Compiles the steps at a pointer; each sees the results of those before it. */
export function compileSteps(
  steps: readonly StepFile[],
  pointer: string,
  operations: ReadonlyMap<string, Operation>,
  context: CelContext,
): CompiledSteps {
  const compiled: CompiledSteps = { steps: [], drafts: [] }
  const results = new Set<string>()
  const ids = new Set<string>()
  for (const [i, step] of steps.entries()) {
    const at = appendPointer(pointer, i)
    if (ids.has(step.id)) {
      const parts = {
        code: 'invalid_value',
        message: 'two steps have one id',
        expected: 'an id of its own',
        found: `"${step.id}"`,
      } as const
      context.problems.push(problemAt(context.source, appendPointer(at, 'id'), parts))
    }
    ids.add(step.id)
    const known: CelContext = {
      ...context,
      variables: [...context.variables, 'steps'],
      members: { ...context.members, steps: new Set(results) },
    }
    const { checked, draft } = compileStep(step, at, operations, known)
    if (checked !== null) compiled.steps.push(checked)
    compiled.drafts.push(draft)
    if (step.hold === undefined) results.add(step.id)
  }
  return compiled
}

interface CompiledStep {
  checked: CheckedStep | null
  draft: StepDraft
}

function compileStep(
  step: StepFile,
  at: string,
  operations: ReadonlyMap<string, Operation>,
  context: CelContext,
): CompiledStep {
  const condition = step.if === undefined ? null : compileCel(step.if, appendPointer(at, 'if'), 'bool', context)
  const isConditional = step.if !== undefined
  const draft = { id: step.id, at, condition, conditionText: step.if ?? '', isConditional }
  if ((step.operation === undefined) === (step.hold === undefined)) {
    const found = step.operation === undefined ? 'neither' : 'both'
    const parts = {
      code: 'invalid_value',
      message: 'a step has an operation or a hold',
      expected: '"operation" or "hold"',
      found,
    } as const
    context.problems.push(problemAt(context.source, at, parts))
    return { checked: null, draft: { ...draft, body: { kind: 'operation', operation: null, variables: null } } }
  }
  if (step.hold !== undefined) {
    const message = compileHold(step, step.hold, at, context)
    const checked: CheckedStep | null = message === null ? null : { kind: 'hold', id: step.id, if: condition, message }
    return { checked, draft: { ...draft, body: { kind: 'hold', message } } }
  }
  const operation = findOperation(step.operation ?? '', appendPointer(at, 'operation'), operations, context)
  const variables = compileJson(step.variables ?? {}, appendPointer(at, 'variables'), context)
  if (operation !== null) checkVariables(step, operation, at, context)
  const checked: CheckedStep | null =
    operation === null || variables === null
      ? null
      : { kind: 'operation', id: step.id, if: condition, operation: operation.name, variables }
  return { checked, draft: { ...draft, body: { kind: 'operation', operation, variables } } }
}

function compileHold(step: StepFile, hold: string, at: string, context: CelContext): Template | null {
  if (step.variables !== undefined) {
    const parts = {
      code: 'unknown_key',
      message: 'a hold has no variables',
      expected: 'none',
      found: '"variables"',
    } as const
    context.problems.push(problemAt(context.source, appendPointer(at, 'variables'), parts, 'key'))
  }
  return compileJson(hold, appendPointer(at, 'hold'), context)
}

function findOperation(
  name: string,
  pointer: string,
  operations: ReadonlyMap<string, Operation>,
  context: CelContext,
): Operation | null {
  const operation = operations.get(name)
  if (operation !== undefined) return operation
  const parts = {
    code: 'unknown_operation',
    message: `unknown operation "${name}"`,
    expected: 'an operation of operations/ or a shipped one',
    found: `"${name}"`,
    suggestion: suggest(name, operations.keys()),
  } as const
  context.problems.push(problemAt(context.source, pointer, parts))
  return null
}

function checkVariables(step: StepFile, operation: Operation, at: string, context: CelContext): void {
  const given = Object.keys(step.variables ?? {})
  const declared = operation.variables.map(variable => variable.name)
  const pointer = appendPointer(at, 'variables')
  for (const name of given.filter(name => !declared.includes(name))) {
    const parts = {
      code: 'unknown_variable',
      message: `${operation.name} has no variable "${name}"`,
      expected: declared.length === 0 ? 'no variables' : `one of ${declared.join(', ')}`,
      found: `"${name}"`,
      suggestion: suggest(name, declared),
    } as const
    context.problems.push(problemAt(context.source, appendPointer(pointer, name), parts, 'key'))
  }
  for (const { name, type } of operation.variables.filter(({ name, required }) => required && !given.includes(name))) {
    const parts = {
      code: 'missing_variable',
      message: `${operation.name} needs the variable "${name}"`,
      expected: `"${name}" (${type})`,
      found: 'nothing',
    } as const
    context.problems.push(problemAt(context.source, pointer, parts))
  }
}
