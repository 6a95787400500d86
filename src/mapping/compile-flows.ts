import { createHash } from 'node:crypto'
import type { CheckedAction } from './checked-mapping.ts'
import { type CompiledAction, compileAction } from './compile-action.ts'
import { type CompiledOperation, compileOperation, type OperationText } from './compile-operation.ts'
import type { Operation } from './operation.ts'
import type { Problem } from './problem.ts'
import type { MappingFiles, TextFile } from './read-mapping-files.ts'
import { problemAt, readSource, type SourceFile } from './source-file.ts'
import { suggest } from './suggest.ts'
import { type ActionTypes, checkAction } from './typecheck/check-action.ts'
import { checkSidecar } from './typecheck/check-sidecar.ts'
import { loadSchema, type SchemaText } from './typecheck/load-schema.ts'
import { schemaTypes, type TypedOperation, typeOperation } from './typecheck/type-operation.ts'
import { usedFlows } from './used-flows.ts'

/** The operations and actions of a folder and of the bridge, and what the schema says of them. */
export interface CompiledFlows {
  /** Changes with anything a mapping could be compiled with. */
  key: string
  operations: ReadonlyMap<string, Operation>
  actions: ReadonlyMap<string, CheckedAction>
  /** null where there is no sound schema. */
  types: FlowTypes | null
  problems: readonly Problem[]
  /** What does not fit the schema, of the folder's own operations and of the shipped files these mappings use. */
  problemsInUse(mappings: readonly TextFile[]): readonly Problem[]
}

export interface FlowTypes {
  operations: ReadonlyMap<string, TypedOperation>
  actions: ReadonlyMap<string, ActionTypes>
}

let last: { key: string; flows: CompiledFlows } | null = null

/** Compiles operations and actions and compares them with the schema in force. The last answer is kept. */
export function compileFlows(files: Pick<MappingFiles, 'operations' | 'actions' | 'schema'>): CompiledFlows {
  const { operations, actions, schema } = files
  const key = createHash('sha256')
    .update(JSON.stringify([operations, actions, schema]))
    .digest('hex')
  if (last === null || last.key !== key) last = { key, flows: makeFlows(key, operations, actions, schema) }
  return last.flows
}

interface ReadAction {
  source: SourceFile
  compiled: CompiledAction
}

function makeFlows(
  key: string,
  texts: readonly OperationText[],
  actionTexts: readonly TextFile[],
  schema: SchemaText | null,
): CompiledFlows {
  const problems: Problem[] = []
  const compiled = new Map(texts.map(text => [text.name, { text, ...compileOperation(text) }] as const))
  const operations = new Map<string, Operation>()
  for (const { text, operation, problems: own } of compiled.values()) {
    problems.push(...own)
    if (operation !== null) operations.set(text.name, operation)
  }
  for (const operation of operations.values()) {
    const { sidecar } = compiled.get(operation.name)!
    if (sidecar !== null) checkVerification(operation, sidecar, operations, problems)
  }
  const read = readActions(actionTexts, operations, problems)
  const actions = new Map<string, CheckedAction>()
  for (const [name, { compiled: own }] of read) if (own.action !== null) actions.set(name, own.action)
  const loaded = schema === null ? null : loadSchema(schema)
  if (loaded !== null && !loaded.ok) problems.push(...loaded.problems)
  if (loaded === null || !loaded.ok) return { key, operations, actions, types: null, problems, problemsInUse: () => [] }
  const types = typeFlows(operations, read, schemaTypes(loaded))
  const byFlow = findTypeProblems(compiled, read, types)
  const problemsInUse = (mappings: readonly TextFile[]) => {
    const used = usedFlows(mappings, read, operations)
    return [...compiled.values()]
      .filter(({ text }) => !text.isShipped || used.operations.has(text.name))
      .flatMap(({ text }) => byFlow.operations.get(text.name) ?? [])
      .concat([...used.actions].flatMap(name => byFlow.actions.get(name) ?? []))
  }
  return { key, operations, actions, types, problems, problemsInUse }
}

function readActions(
  texts: readonly TextFile[],
  operations: ReadonlyMap<string, Operation>,
  problems: Problem[],
): Map<string, ReadAction> {
  const found = new Map<string, ReadAction>()
  for (const { name, file, text } of texts) {
    const read = readSource(file, text)
    problems.push(...read.problems)
    if (!read.ok) continue
    const compiled = compileAction(name, read.source, operations)
    problems.push(...compiled.problems)
    found.set(name, { source: read.source, compiled })
  }
  return found
}

function typeFlows(
  operations: ReadonlyMap<string, Operation>,
  actions: ReadonlyMap<string, ReadAction>,
  schema: ReturnType<typeof schemaTypes>,
): FlowTypes {
  const typed = new Map([...operations].map(([name, operation]) => [name, typeOperation(operation, schema)] as const))
  const typedActions = new Map<string, ActionTypes>()
  for (const [name, { compiled }] of actions) {
    const { action, drafts } = compiled
    if (action !== null) typedActions.set(name, { name, parameters: action.parameters, drafts, found: new Map() })
  }
  return { operations: typed, actions: typedActions }
}

/** By name: what does not fit the schema in each operation with its sidecar, and in each action. */
function findTypeProblems(
  compiled: ReadonlyMap<string, CompiledOperation>,
  actions: ReadonlyMap<string, ReadAction>,
  types: FlowTypes,
): { operations: ReadonlyMap<string, readonly Problem[]>; actions: ReadonlyMap<string, readonly Problem[]> } {
  const operations = new Map<string, readonly Problem[]>()
  for (const [name, { operation, sidecar }] of compiled) {
    if (operation === null) continue
    const own = types.operations.get(name)?.problems ?? []
    operations.set(name, sidecar === null ? own : [...own, ...checkSidecar(operation, sidecar, types.operations)])
  }
  const found = new Map<string, readonly Problem[]>()
  for (const [name, action] of types.actions) {
    found.set(name, checkAction(action, actions.get(name)!.source, types.operations))
  }
  return { operations, actions: found }
}

/** The verify query must be a query that exists. */
function checkVerification(
  operation: Operation,
  sidecar: SourceFile,
  operations: ReadonlyMap<string, Operation>,
  problems: Problem[],
): void {
  const name = operation.verify?.operation
  if (name === undefined || operations.get(name)?.kind === 'query') return
  const queries = [...operations.values()].filter(({ kind }) => kind === 'query').map(query => query.name)
  const found = operations.has(name) ? `the mutation "${name}"` : `"${name}"`
  const parts = {
    code: 'unknown_operation',
    message: `the verify operation of ${operation.name} is no known query`,
    expected: 'a query',
    found,
    suggestion: suggest(name, queries),
  } as const
  problems.push(problemAt(sidecar, '/verify/operation', parts))
}
