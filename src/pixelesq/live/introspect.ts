import {
  buildClientSchema,
  type GraphQLSchema,
  getIntrospectionQuery,
  type IntrospectionQuery,
  lexicographicSortSchema,
  validateSchema,
} from 'graphql'
import { type Access, type AskFailure, askApi, cleanForeign } from './ask-api.ts'

/** Largest answer to an introspection query, in bytes: the schemas of large APIs have several MB. */
export const INTROSPECTION_BYTES_MAX = 8_388_608

export type Introspected =
  | { ok: true; schema: GraphQLSchema }
  | { ok: false; reason: AskFailure | 'introspection_off'; message: string }

/** What GraphQL servers say when introspection is off (graphql-js, Apollo, mercurius, graphql-ruby, Hot Chocolate). */
const OFF_WORDS = /introspection|__schema|__type\b/i

/**
 * Reads the endpoint's schema by introspection; types, fields and arguments are sorted by name, so that two pulls of the
 * same API are equal. Asks for nothing that a server of 2018 would not know.
 */
export async function introspect(access: Access, deadlineMs: number): Promise<Introspected> {
  const asked = await askApi(access, {
    operation: 'IntrospectionQuery',
    document: getIntrospectionQuery(),
    deadlineMs,
    responseBytesMax: INTROSPECTION_BYTES_MAX,
  })
  if (!asked.ok) {
    const isOff = asked.reason === 'refused' && OFF_WORDS.test(asked.message)
    return isOff ? { ...asked, reason: 'introspection_off', message: describeOff(asked.message) } : asked
  }
  if (typeof asked.data.__schema !== 'object' || asked.data.__schema === null)
    return { ok: false, reason: 'introspection_off', message: describeOff('') }
  return readSchema(asked.data as unknown as IntrospectionQuery)
}

function readSchema(answer: IntrospectionQuery): Introspected {
  try {
    const schema = buildClientSchema(answer)
    const problem = validateSchema(schema)[0]
    if (problem !== undefined) return refuse(problem.message)
    return { ok: true, schema: lexicographicSortSchema(schema) }
  } catch (error) {
    // graphql-js throws for what is no introspection answer, and V8 for one that is nested too deep
    return refuse(error instanceof Error ? error.message : '')
  }
}

function refuse(words: string): Introspected {
  const said = cleanForeign(words)
  return {
    ok: false,
    reason: 'nonsense',
    message: `the answer to the introspection query is no valid schema${said === '' ? '' : ` (${said})`}`,
  }
}

function describeOff(words: string): string {
  const said = words === '' ? '' : `; it says: ${words}`
  return `introspection is off at this endpoint, so its schema cannot be read${said}`
}
