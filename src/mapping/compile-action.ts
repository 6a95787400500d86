import type { CheckedAction } from './checked-mapping.ts'
import type { CelContext } from './compile-cel.ts'
import { compileSteps, type StepDraft } from './compile-steps.ts'
import { actionSchema } from './mapping-schema.ts'
import type { Operation } from './operation.ts'
import type { Problem } from './problem.ts'
import { problemsOfSchema } from './schema-problems.ts'
import type { SourceFile } from './source-file.ts'

export interface CompiledAction {
  action: CheckedAction | null
  /** Its steps, for the type check. */
  drafts: readonly StepDraft[]
  problems: Problem[]
}

/** Compiles a shipped action; its steps may name `with` (its parameters) and `steps`. */
export function compileAction(
  name: string,
  source: SourceFile,
  operations: ReadonlyMap<string, Operation>,
): CompiledAction {
  const checked = actionSchema.safeParse(source.json)
  if (!checked.success) return { action: null, drafts: [], problems: problemsOfSchema(source, checked.error, () => []) }
  const { description, parameters, anyOf = [] } = checked.data
  const problems: Problem[] = []
  const members = { with: new Set(Object.keys(parameters)) }
  const context: CelContext = { source, problems, variables: ['with'], members, known: {} }
  const { steps, drafts } = compileSteps(checked.data.steps, '/steps', operations, context)
  return problems.length > 0
    ? { action: null, drafts, problems }
    : { action: { name, description, parameters, anyOf, steps }, drafts, problems }
}
