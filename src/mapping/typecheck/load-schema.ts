import {
  buildASTSchema,
  type DocumentNode,
  GraphQLError,
  type GraphQLSchema,
  Kind,
  parse,
  validateSchema,
} from 'graphql'
import { validateSDL } from 'graphql/validation/validate.js'
import type { Problem } from '../problem.ts'
import { fileProblem } from '../source-file.ts'

/** A GraphQL schema as text (SDL): plain data. */
export interface SchemaText {
  file: string
  text: string
  /** The one that ships with the bridge, which holds only what the shipped operations use. */
  isShipped: boolean
}

/** The schema that operations and variables are checked against. */
export interface SchemaInForce {
  schema: GraphQLSchema
  isShipped: boolean
}

export type LoadedSchema = ({ ok: true } & SchemaInForce) | { ok: false; problems: readonly Problem[] }

/** Most tokens of a schema: graphql-js stops there instead of building a tree without end. */
const SCHEMA_TOKENS_MAX = 1_000_000

/** Most problems told of one schema. */
const PROBLEMS_MAX = 20

let last: { text: SchemaText; loaded: LoadedSchema } | null = null

/** Builds the schema of SDL text; problems have line and column. The last answer is kept: reloads bring the same text. */
export function loadSchema(text: SchemaText): LoadedSchema {
  const isKept = last !== null && last.text.text === text.text && last.text.file === text.file
  if (last === null || !isKept) last = { text, loaded: buildSchema(text) }
  return last.loaded
}

function buildSchema({ file, text, isShipped }: SchemaText): LoadedSchema {
  const refuse = (errors: readonly unknown[]): LoadedSchema => ({
    ok: false,
    problems: errors.slice(0, PROBLEMS_MAX).map(error => problemOf(file, error)),
  })
  let tree: DocumentNode
  try {
    tree = parse(text.replace(/^\ufeff/, ''), { maxTokens: SCHEMA_TOKENS_MAX })
  } catch (error) {
    return refuse([error])
  }
  const operation = tree.definitions.find(
    ({ kind }) => kind === Kind.OPERATION_DEFINITION || kind === Kind.FRAGMENT_DEFINITION,
  )
  if (operation !== undefined)
    return refuse([new GraphQLError('operations do not belong into a schema', { nodes: operation })])
  const errors = validateSDL(tree)
  if (errors.length > 0) return refuse(errors)
  try {
    const schema = buildASTSchema(tree, { assumeValidSDL: true })
    const wrong = validateSchema(schema)
    return wrong.length > 0 ? refuse(wrong) : { ok: true, schema, isShipped }
  } catch (error) {
    return refuse([error])
  }
}

function problemOf(file: string, error: unknown): Problem {
  const place = error instanceof GraphQLError ? error.locations?.[0] : undefined
  const message = error instanceof Error ? error.message : 'not a GraphQL schema'
  const suggestion = /Did you mean "([^"]+)"/.exec(message)?.[1] ?? null
  const parts = { code: 'graphql_schema', message: message.replace(/ Did you mean .*$/, ''), suggestion } as const
  return { ...fileProblem(file, parts), line: place?.line ?? 1, column: place?.column ?? 1 }
}
