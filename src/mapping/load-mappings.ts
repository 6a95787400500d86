import type { CheckedAction, CheckedMapping } from './checked-mapping.ts'
import { compileAction } from './compile-action.ts'
import { compileMapping, type MappingContext } from './compile-mapping.ts'
import { compileOperation } from './compile-operation.ts'
import type { Operation } from './operation.ts'
import type { Problem } from './problem.ts'
import { type MappingFiles, readMappingFiles, type TextFile } from './read-mapping-files.ts'
import { fileProblem, readSource, type SourceFile } from './source-file.ts'
import { suggest } from './suggest.ts'

/** Checked mappings and operations, and everything that is wrong with the files. */
export interface Mappings {
  mappings: readonly CheckedMapping[]
  operations: ReadonlyMap<string, Operation>
  actions: ReadonlyMap<string, CheckedAction>
  problems: readonly Problem[]
}

export type LoadContext = Pick<MappingContext, 'sources' | 'integrations' | 'constants'>

/**
 * Reads and checks a mapping folder: all problems of all files at once, in the order of files and places.
 * Files with an error are left out of `mappings` and `operations`; the caller decides whether the rest comes into force.
 */
export async function loadMappings(folder: string, context: LoadContext): Promise<Mappings> {
  return checkMappings(await readMappingFiles(folder), context)
}

/** Checks and compiles mapping files: pure and synchronous, from plain data, so that any thread can do it again. */
export function checkMappings(files: MappingFiles, context: LoadContext): Mappings {
  const problems: Problem[] = [...files.problems]
  const operations = compileOperations(files, problems)
  const actions = new Map<string, CheckedAction>()
  for (const { name, source } of readSources(files.actions, problems)) {
    const compiled = compileAction(name, source, operations)
    problems.push(...compiled.problems)
    if (compiled.action !== null) actions.set(name, compiled.action)
  }
  const mappings: CheckedMapping[] = []
  for (const { name, source, isSound } of readSources(files.mappings, problems)) {
    const compiled = compileMapping(name, source.json, { ...context, operations, actions }, source)
    problems.push(...compiled.problems)
    if (compiled.mapping !== null && isSound) mappings.push(compiled.mapping)
  }
  if (files.mappings.length === 0) {
    const parts = {
      code: 'no_mappings',
      severity: 'warning',
      message: 'no mapping files: every event will be unmatched',
    } as const
    problems.push(fileProblem(files.folder, { ...parts, expected: 'a file such as publish-page.json', found: 'none' }))
  }
  return { mappings, operations, actions, problems: problems.sort(byPlace) }
}

/** `isSound`: without problems of its own, such as duplicate keys. */
interface NamedSource {
  name: string
  source: SourceFile
  isSound: boolean
}

function readSources(files: readonly TextFile[], problems: Problem[]): NamedSource[] {
  return files.flatMap(({ name, file, text }) => {
    const read = readSource(file, text)
    problems.push(...read.problems)
    return read.ok ? [{ name, source: read.source, isSound: read.problems.length === 0 }] : []
  })
}

function compileOperations(files: MappingFiles, problems: Problem[]): Map<string, Operation> {
  const operations = new Map<string, Operation>()
  for (const text of files.operations) {
    const compiled = compileOperation(text)
    problems.push(...compiled.problems)
    if (compiled.operation !== null) operations.set(text.name, compiled.operation)
  }
  for (const operation of operations.values()) checkVerification(operation, operations, problems)
  return operations
}

/** The verify query must be a query that exists. */
function checkVerification(
  operation: Operation,
  operations: ReadonlyMap<string, Operation>,
  problems: Problem[],
): void {
  const name = operation.verify?.operation
  if (name === undefined || operations.get(name)?.kind === 'query') return
  const queries = [...operations.values()].filter(({ kind }) => kind === 'query').map(query => query.name)
  const found = operations.has(name) ? `the mutation "${name}"` : `"${name}"`
  const problem = fileProblem(operation.file.replace(/\.graphql$/, '.json'), {
    code: 'unknown_operation',
    message: `the verify operation of ${operation.name} is no known query`,
    expected: 'a query',
    found,
    suggestion: suggest(name, queries),
  })
  problems.push({ ...problem, pointer: '/verify/operation' })
}

function byPlace(left: Problem, right: Problem): number {
  if (left.file !== right.file) return left.file < right.file ? -1 : 1
  return (left.line ?? 0) - (right.line ?? 0) || (left.column ?? 0) - (right.column ?? 0)
}
