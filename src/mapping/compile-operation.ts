import { createHash } from 'node:crypto'
import {
  type ASTNode,
  type DocumentNode,
  GraphQLError,
  Kind,
  type OperationDefinitionNode,
  parse,
  print,
  type SelectionSetNode,
} from 'graphql'
import type { Effect } from '../store/attempts.ts'
import { type CelContext, compileCel, compileJson } from './compile-cel.ts'
import { sidecarSchema } from './mapping-schema.ts'
import type { Operation, OperationVariable, Verification } from './operation.ts'
import type { Problem } from './problem.ts'
import { lineAndColumn } from './scan-json.ts'
import { problemsOfSchema } from './schema-problems.ts'
import { fileProblem, type ProblemParts, problemAt, readSource, type SourceFile } from './source-file.ts'

/** An operation's files as text: plain data, so that any thread can compile it. */
export interface OperationText {
  name: string
  file: string
  document: string
  sidecar: { file: string; text: string } | null
  /** It came with the bridge, not from the mapping folder. */
  isShipped: boolean
}

export interface CompiledOperation {
  operation: Operation | null
  /** The sidecar's file, for the type check. */
  sidecar: SourceFile | null
  problems: Problem[]
}

/** Most tokens of a document: graphql-js stops there instead of building a tree without end. */
const DOCUMENT_TOKENS_MAX = 20_000

const SIDECAR_KEYS = ['success', 'effect', 'verify', 'comment'] as const
const VERIFY_KEYS = ['operation', 'variables', 'applied', 'different', 'adopt'] as const

/** Checks and compiles one operation; typecheck/ compares it with the GraphQL schema. */
export function compileOperation(text: OperationText): CompiledOperation {
  const parsed = parseDocument(text)
  if (!parsed.ok) return { operation: null, sidecar: null, problems: [parsed.problem] }
  const { definition, mutationField } = parsed
  const { sidecar, source, problems } = compileSidecar(text, definition)
  if (problems.some(problem => problem.severity === 'error')) return { operation: null, sidecar: source, problems }
  const operation: Operation = {
    name: text.name,
    file: text.file,
    document: text.document,
    kind: definition.operation === 'mutation' ? 'mutation' : 'query',
    variables: variablesOf(definition),
    mutationField,
    ...sidecar,
    hash: createHash('sha256')
      .update(`${text.document}\0${text.sidecar?.text ?? ''}`)
      .digest('hex'),
  }
  return { operation, sidecar: source, problems }
}

type ParsedDocument =
  | { ok: true; definition: OperationDefinitionNode; mutationField: string | null }
  | { ok: false; problem: Problem }

function parseDocument({ name, file, document }: OperationText): ParsedDocument {
  const refuse = (parts: Omit<ProblemParts, 'code'>, node?: ASTNode): ParsedDocument => {
    const problem = fileProblem(file, { code: 'graphql_operation', ...parts })
    return { ok: false, problem: { ...problem, ...lineAndColumn(document, node?.loc?.start ?? 0) } }
  }
  let tree: DocumentNode
  try {
    tree = parse(document, { maxTokens: DOCUMENT_TOKENS_MAX })
  } catch (error) {
    const place = error instanceof GraphQLError ? error.locations?.[0] : undefined
    const message = error instanceof Error ? error.message : 'not GraphQL'
    const problem = fileProblem(file, { code: 'graphql_syntax', message })
    return { ok: false, problem: { ...problem, line: place?.line ?? 1, column: place?.column ?? 1 } }
  }
  const definitions = tree.definitions.filter(node => node.kind === Kind.OPERATION_DEFINITION)
  const definition = definitions[0]
  const other = tree.definitions.find(
    node => node.kind !== Kind.OPERATION_DEFINITION && node.kind !== Kind.FRAGMENT_DEFINITION,
  )
  if (other !== undefined)
    return refuse(
      { message: 'only operations and fragments are allowed', expected: 'an operation', found: other.kind },
      other,
    )
  if (definition === undefined || definitions.length > 1) {
    return refuse(
      {
        message: 'one operation per file',
        expected: 'exactly one operation',
        found: String(definitions.length),
      },
      definitions[1],
    )
  }
  if (definition.operation === 'subscription') {
    return refuse(
      {
        message: 'subscriptions cannot be sent',
        expected: 'a query or a mutation',
        found: 'a subscription',
      },
      definition,
    )
  }
  if (definition.name?.value !== name) {
    const found = definition.name === undefined ? 'no name' : `"${definition.name.value}"`
    return refuse(
      { message: 'the operation is named like its file', expected: `the operation "${name}"`, found },
      definition.name ?? definition,
    )
  }
  const fields = rootFields(tree, definition.selectionSet, new Set())
  if (fields === null)
    return refuse(
      { message: 'a fragment is not defined', expected: 'a fragment of this file', found: 'none' },
      definition,
    )
  if (definition.operation === 'mutation' && fields.length !== 1) {
    return refuse(
      {
        message: 'one mutation field per request',
        expected: 'exactly one mutation field',
        found: fields.join(', ') || 'none',
      },
      definition,
    )
  }
  return { ok: true, definition, mutationField: definition.operation === 'mutation' ? fields[0]! : null }
}

/** Root fields with fragments written out; null when a fragment is missing. A field sent twice counts twice. */
function rootFields(tree: DocumentNode, set: SelectionSetNode, within: ReadonlySet<string>): string[] | null {
  const fields: string[] = []
  for (const selection of set.selections) {
    if (selection.kind === Kind.FIELD) {
      fields.push(selection.name.value)
      continue
    }
    const name = selection.kind === Kind.FRAGMENT_SPREAD ? selection.name.value : ''
    if (within.has(name)) continue
    const inner = selection.kind === Kind.INLINE_FRAGMENT ? selection.selectionSet : findFragment(tree, name)
    const found = inner === null ? null : rootFields(tree, inner, name === '' ? within : new Set([...within, name]))
    if (found === null) return null
    fields.push(...found)
  }
  return fields
}

function findFragment(tree: DocumentNode, name: string): SelectionSetNode | null {
  const fragment = tree.definitions.find(node => node.kind === Kind.FRAGMENT_DEFINITION && node.name.value === name)
  return fragment?.kind === Kind.FRAGMENT_DEFINITION ? fragment.selectionSet : null
}

function variablesOf(definition: OperationDefinitionNode): OperationVariable[] {
  return (definition.variableDefinitions ?? []).map(node => ({
    name: node.variable.name.value,
    type: print(node.type),
    required: node.type.kind === Kind.NON_NULL_TYPE && node.defaultValue === undefined,
  }))
}

type Sidecar = Pick<Operation, 'success' | 'effect' | 'verify'>

function compileSidecar(
  text: OperationText,
  definition: OperationDefinitionNode,
): { sidecar: Sidecar; source: SourceFile | null; problems: Problem[] } {
  const isQuery = definition.operation === 'query'
  const fallback: Sidecar = { success: null, effect: isQuery ? 'read' : 'once', verify: null }
  if (text.sidecar === null) return { sidecar: fallback, source: null, problems: [] }
  const read = readSource(text.sidecar.file, text.sidecar.text)
  if (!read.ok) return { sidecar: fallback, source: null, problems: read.problems }
  const { source, problems } = read
  const checked = sidecarSchema.safeParse(source.json)
  if (!checked.success) {
    const known = (path: readonly PropertyKey[]) => (path[0] === 'verify' ? VERIFY_KEYS : SIDECAR_KEYS)
    return { sidecar: fallback, source, problems: [...problems, ...problemsOfSchema(source, checked.error, known)] }
  }
  const { success, verify } = checked.data
  const effect = checked.data.effect ?? fallback.effect
  checkEffect(effect, verify !== undefined, definition, source, problems)
  const context = (variables: readonly string[]): CelContext => ({
    source,
    problems,
    variables,
    members: {},
    known: {},
  })
  const sidecar: Sidecar = {
    success: success === undefined ? null : compileCel(success, '/success', 'bool', context(['data'])),
    effect,
    verify: verify === undefined ? null : compileVerification(verify, context),
  }
  return { sidecar, source, problems }
}

function compileVerification(
  verify: NonNullable<ReturnType<typeof sidecarSchema.parse>['verify']>,
  context: (variables: readonly string[]) => CelContext,
): Verification | null {
  const both = context(['variables', 'result'])
  const variables = compileJson(verify.variables ?? {}, '/verify/variables', context(['variables']))
  const applied = compileCel(verify.applied, '/verify/applied', 'bool', both)
  const different =
    verify.different === undefined ? null : compileCel(verify.different, '/verify/different', 'bool', both)
  const adopt = verify.adopt === undefined ? null : compileCel(verify.adopt, '/verify/adopt', 'any', both)
  return variables === null || applied === null
    ? null
    : { operation: verify.operation, variables, applied, different, adopt }
}

function checkEffect(
  effect: Effect,
  hasVerify: boolean,
  definition: OperationDefinitionNode,
  source: SourceFile,
  problems: Problem[],
): void {
  const refuse = (pointer: string, message: string, expected: string, found: string) =>
    problems.push(problemAt(source, pointer, { code: 'invalid_value', message, expected, found }))
  const isQuery = definition.operation === 'query'
  if (isQuery !== (effect === 'read')) {
    refuse(
      '/effect',
      `a ${definition.operation} cannot be "${effect}"`,
      isQuery ? '"read"' : 'set, verify, keyed or once',
      `"${effect}"`,
    )
  }
  if ((effect === 'verify') !== hasVerify) {
    refuse(
      hasVerify ? '/verify' : '/effect',
      '"effect": "verify" and "verify" belong together',
      'both or neither',
      'one of them',
    )
  }
  if (effect === 'keyed' && !variablesOf(definition).some(variable => variable.name === 'idempotencyKey')) {
    refuse('/effect', 'a keyed operation sends an idempotency key', 'a variable $idempotencyKey', 'none')
  }
}
