import { createHash } from 'node:crypto'
import type { CheckedAction, CheckedMapping } from './checked-mapping.ts'
import { type CompiledFlows, compileFlows } from './compile-flows.ts'
import { type CompiledMapping, compileMapping, type MappingContext, type MappingTypes } from './compile-mapping.ts'
import type { Operation } from './operation.ts'
import type { Problem } from './problem.ts'
import { problemsOfNumbers } from './problems-of-numbers.ts'
import { type MappingFiles, readMappingFiles, type TextFile } from './read-mapping-files.ts'
import { fileProblem, readSource } from './source-file.ts'
import { type EventSchemaFile, findEventSchema } from './typecheck/find-event-schema.ts'
import { openPayloadTypes } from './typecheck/payload-types.ts'
import { typeOfJson } from './typecheck/value-type.ts'

/** Checked mappings and operations, and everything that is wrong with the files. */
export interface Mappings {
  mappings: readonly CheckedMapping[]
  operations: ReadonlyMap<string, Operation>
  actions: ReadonlyMap<string, CheckedAction>
  problems: readonly Problem[]
}

/** What mappings may refer to, and what is known of the events of their sources. */
export interface LoadContext extends Pick<MappingContext, 'sources' | 'integrations' | 'constants'> {
  /** By source: the preset that names its event types; payloads of a source without one are what only the event tells. */
  presets?: ReadonlyMap<string, string>
  /** Finds the event schema of a preset; by default from the mapping folder, then from the bridge. */
  findEventSchema?: (preset: string) => EventSchemaFile | null
}

/**
 * Reads and checks a mapping folder: all problems of all files at once, in the order of files and places.
 * Files with an error are left out of `mappings` and `operations`; the caller decides whether the rest comes into force.
 * `schemaFile`: the GraphQL schema in place of `schema.graphql` of the folder or the shipped one.
 */
export async function loadMappings(
  folder: string,
  context: LoadContext,
  schemaFile: string | null = null,
): Promise<Mappings> {
  return checkMappings(await readMappingFiles(folder, schemaFile), context)
}

/** Checks and compiles mapping files: synchronous, from plain data, so that any thread can do it again. */
export function checkMappings(files: MappingFiles, context: LoadContext): Mappings {
  const flows = compileFlows(files)
  const compiled = compileFiles(files, context, flows)
  const problems = [...files.problems, ...flows.problems, ...compiled.flatMap(file => file.problems)]
  problems.push(...flows.problemsInUse(files.mappings))
  if (files.mappings.length === 0) {
    const parts = {
      code: 'no_mappings',
      severity: 'warning',
      message: 'no mapping files: every event will be unmatched',
    } as const
    problems.push(fileProblem(files.folder, { ...parts, expected: 'a file such as publish-page.json', found: 'none' }))
  }
  const mappings = compiled.flatMap(({ mapping }) => (mapping === null ? [] : [mapping]))
  return { mappings, operations: flows.operations, actions: flows.actions, problems: problems.sort(byPlace) }
}

/**
 * The mapping files of the last load by their text, and what they were compiled with: a reload after one file was
 * changed compiles that one only (of 1,000 files: 5 ms in place of 0.5 s). Only ever the last load is kept.
 */
let last: { key: string; compiled: ReadonlyMap<string, CompiledMapping> } = { key: '', compiled: new Map() }

function compileFiles(files: MappingFiles, context: LoadContext, flows: CompiledFlows): CompiledMapping[] {
  const { sources, integrations, constants } = context
  const find = context.findEventSchema ?? (preset => findEventSchema(preset, [files.folder]))
  const payloads = openPayloadTypes(context.presets ?? new Map(), find)
  const key = hashOf([flows.key, [...sources].sort(), [...integrations].sort(), constants, payloads.key])
  const known = last.key === key ? last.compiled : new Map<string, CompiledMapping>()
  const { payloadOf } = payloads
  const types: MappingTypes | null =
    flows.types === null ? null : { ...flows.types, constants: typeOfJson(constants), payloadOf }
  const full: MappingContext = { ...context, operations: flows.operations, actions: flows.actions, types }
  const compiled = new Map(
    files.mappings.map(file => {
      const id = `${file.file}\0${file.text}`
      return [id, known.get(id) ?? compileFile(file, full)] as const
    }),
  )
  last = { key, compiled }
  return [...compiled.values()]
}

function compileFile({ name, file, text }: TextFile, context: MappingContext): CompiledMapping {
  const read = readSource(file, text)
  if (!read.ok) return { mapping: null, problems: read.problems }
  const { mapping, problems } = compileMapping(name, read.source.json, context, read.source)
  // a test may have a number that a sender's payload has
  const numbers = problemsOfNumbers(read.source).filter(({ pointer }) => !pointer.startsWith('/tests/'))
  const own = [...read.problems, ...numbers]
  return { mapping: own.length === 0 ? mapping : null, problems: [...own, ...problems] }
}

function hashOf(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex')
}

function byPlace(left: Problem, right: Problem): number {
  if (left.file !== right.file) return left.file < right.file ? -1 : 1
  return (left.line ?? 0) - (right.line ?? 0) || (left.column ?? 0) - (right.column ?? 0)
}
