import type { CheckedAction, CheckedMapping, CheckedStep } from './checked-mapping.ts'
import { type CelContext, compileJson } from './compile-cel.ts'
import { compileSteps, type StepDraft } from './compile-steps.ts'
import { compileTrigger } from './compile-trigger.ts'
import type { Template } from './expression/compile-template.ts'
import { appendPointer } from './json-pointer.ts'
import { type MappingFile, mappingSchema } from './mapping-schema.ts'
import type { Operation } from './operation.ts'
import type { Problem, ProblemCode } from './problem.ts'
import { pruneInvalid } from './prune-invalid.ts'
import { describeValue, problemsOfSchema } from './schema-problems.ts'
import { problemAt, readSource, type SourceFile } from './source-file.ts'
import { suggest } from './suggest.ts'
import type { ActionTypes } from './typecheck/check-action.ts'
import { checkMapping } from './typecheck/check-mapping.ts'
import type { PayloadTypes } from './typecheck/payload-types.ts'
import type { TypedOperation } from './typecheck/type-operation.ts'
import type { ValueType } from './typecheck/value-type.ts'

/** What a mapping may refer to. */
export interface MappingContext {
  sources: ReadonlySet<string>
  integrations: ReadonlySet<string>
  constants: Readonly<Record<string, unknown>>
  operations: ReadonlyMap<string, Operation>
  actions: ReadonlyMap<string, CheckedAction>
  /** What the schema says; null: types are not checked. */
  types: MappingTypes | null
}

/** The types a mapping is checked against. */
export interface MappingTypes {
  operations: ReadonlyMap<string, TypedOperation>
  actions: ReadonlyMap<string, ActionTypes>
  constants: ValueType
  payloadOf: PayloadTypes['payloadOf']
}

export interface CompiledMapping {
  mapping: CheckedMapping | null
  problems: Problem[]
}

const NAME = /^[a-z0-9][a-z0-9_-]{0,63}$/

/** Keys of each object of the file, for suggestions; other objects are free. */
const KEYS = {
  '': Object.keys(mappingSchema.shape),
  steps: ['id', 'if', 'operation', 'variables', 'hold'],
  tests: ['name', 'event', 'answers', 'expect'],
  event: ['type', 'payload', 'payloadFile', 'headers'],
  expect: ['matched', 'held', 'operations'],
  operations: ['operation', 'variables'],
} as const

/**
 * Checks and compiles a mapping: pure and synchronous, from plain data, so that any thread can do it again.
 * `source` is the file the JSON was read from; without it problems have the places of the JSON written with indent 2.
 * All problems are returned at once; there is a mapping only when none of them is an error.
 */
export function compileMapping(
  name: string,
  json: unknown,
  context: MappingContext,
  source: SourceFile = sourceOfJson(name, json),
): CompiledMapping {
  const problems: Problem[] = []
  if (!NAME.test(name)) {
    const expected = 'a name of a-z, 0-9, _ and - that starts with a letter or digit (at most 64)'
    problems.push(
      problemAt(source, '', {
        code: 'invalid_name',
        message: 'the file name is no name',
        expected,
        found: `"${name}"`,
      }),
    )
  }
  const checked = mappingSchema.safeParse(json)
  const isMap = typeof json === 'object' && json !== null && !Array.isArray(json)
  if (!checked.success) problems.push(...problemsOfSchema(source, checked.error, knownKeys))
  if (!isMap) return { mapping: null, problems }
  const present = new Set(Object.keys(json))
  if (!checked.success) {
    const rest = mappingSchema.partial().safeParse(pruneInvalid(json, checked.error.issues))
    if (rest.success) {
      const { source: from = '', integration = '' } = rest.data
      compileParts(name, { ...rest.data, source: from, integration }, present, context, source, problems)
    }
    return { mapping: null, problems }
  }
  const mapping = compileParts(name, checked.data, present, context, source, problems)
  return { mapping: problems.some(problem => problem.severity === 'error') ? null : mapping, problems }
}

function checkKeys(
  file: MappingFile,
  present: ReadonlySet<string>,
  context: MappingContext,
  source: SourceFile,
  problems: Problem[],
): void {
  if (file.source !== '') checkReference('source', file.source, context.sources, source, problems)
  if (file.integration !== '') checkReference('integration', file.integration, context.integrations, source, problems)
  const refuse = (pointer: string, code: ProblemCode, message: string, expected: string, found: string) =>
    problems.push(problemAt(source, pointer, { code, message, expected, found }, 'key'))
  if (present.has('coalesce') && !present.has('order')) {
    refuse('/coalesce', 'missing_key', 'coalesce needs an order key', '"order" beside it', 'nothing')
  }
  if (present.has('steps') === present.has('action')) {
    const found = present.has('steps') ? 'both' : 'neither'
    refuse('', 'invalid_value', 'a mapping has steps or an action', '"steps" or "action"', found)
  }
  if (present.has('with') && !present.has('action')) {
    refuse('/with', 'invalid_value', '"with" belongs to an action', '"action" beside it', 'nothing')
  }
}

function compileParts(
  name: string,
  file: MappingFile,
  present: ReadonlySet<string>,
  context: MappingContext,
  source: SourceFile,
  problems: Problem[],
): CheckedMapping {
  checkKeys(file, present, context, source, problems)
  const { trigger, atJob } = compileTrigger(name, file, context.constants, source, problems)
  const { steps, drafts, with: given } = compileFlow(file, context, atJob)
  const { types } = context
  if (types !== null) {
    const action = types.actions.get(file.action ?? '') ?? null
    problems.push(...checkMapping({ source, file, trigger, drafts, with: given, action, ...types }))
  }
  return { ...trigger, file: source.file, action: file.action ?? null, steps, with: given, json: file }
}

function compileFlow(
  file: MappingFile,
  context: MappingContext,
  atJob: CelContext,
): { steps: readonly CheckedStep[]; drafts: readonly StepDraft[]; with: Template | null } {
  const { source, problems } = atJob
  if (file.action === undefined) {
    return { ...compileSteps(file.steps ?? [], '/steps', context.operations, atJob), with: null }
  }
  const given = compileJson(file.with ?? {}, '/with', atJob)
  const action = context.actions.get(file.action)
  if (action === undefined) {
    checkReference('action', file.action, new Set(context.actions.keys()), source, problems)
    return { steps: [], drafts: [], with: given }
  }
  checkParameters(action, file.with ?? {}, source, problems)
  return { steps: action.steps, drafts: [], with: given }
}

function checkParameters(
  action: CheckedAction,
  given: Readonly<Record<string, unknown>>,
  source: SourceFile,
  problems: Problem[],
): void {
  const known = Object.keys(action.parameters)
  for (const name of Object.keys(given).filter(name => !known.includes(name))) {
    const parts = {
      code: 'unknown_variable',
      message: `${action.name} has no parameter "${name}"`,
      expected: `one of ${known.join(', ')}`,
      found: `"${name}"`,
      suggestion: suggest(name, known),
    } as const
    problems.push(problemAt(source, appendPointer('/with', name), parts, 'key'))
  }
  const missing = known.filter(name => action.parameters[name]?.required === true && !Object.hasOwn(given, name))
  for (const name of missing) {
    const parts = {
      code: 'missing_variable',
      message: `${action.name} needs the parameter "${name}"`,
      expected: `"${name}"`,
      found: 'nothing',
    } as const
    problems.push(problemAt(source, '/with', parts))
  }
  if (action.anyOf.length === 0 || action.anyOf.some(group => group.every(name => Object.hasOwn(given, name)))) return
  const expected = action.anyOf.map(group => group.map(name => `"${name}"`).join(' and ')).join(', or ')
  problems.push(
    problemAt(source, '/with', {
      code: 'missing_variable',
      message: `${action.name} needs more parameters`,
      expected,
      found: 'neither',
    }),
  )
}

const KINDS = {
  source: 'unknown_source',
  integration: 'unknown_integration',
  action: 'unknown_action',
} as const satisfies Record<string, ProblemCode>

function checkReference(
  key: keyof typeof KINDS,
  name: string,
  known: ReadonlySet<string>,
  source: SourceFile,
  problems: Problem[],
): void {
  if (known.has(name)) return
  const parts = {
    code: KINDS[key],
    message: `unknown ${key} "${name}"`,
    expected: known.size === 0 ? `a known ${key}` : `one of ${[...known].sort().join(', ')}`,
    found: describeValue(name),
    suggestion: suggest(name, known),
  }
  problems.push(problemAt(source, `/${key}`, parts))
}

function knownKeys(path: readonly PropertyKey[]): readonly string[] {
  const last = path.findLast(key => typeof key === 'string') ?? ''
  return Object.hasOwn(KEYS, last) ? KEYS[last as keyof typeof KEYS] : []
}

function sourceOfJson(name: string, json: unknown): SourceFile {
  const read = readSource(`${name}.json`, JSON.stringify(json, null, 2) ?? 'null')
  return read.ok ? read.source : { file: `${name}.json`, text: '', json, places: new Map() }
}
