import { type DocumentNode, type GraphQLError, Kind, specifiedRules, validate } from 'graphql'
import type { Problem } from '../problem.ts'
import { fileProblem, type ProblemParts } from '../source-file.ts'
import { suggest } from '../suggest.ts'
import type { SchemaInForce } from './load-schema.ts'

/** Most problems told of one document. */
const PROBLEMS_MAX = 20

/** What graphql-js says, in the words of this project; the groups are expected and found. */
const PHRASES: readonly (readonly [RegExp, (...names: string[]) => { expected: string; found: string }])[] = [
  [
    /^Cannot query field "(.+?)" on type "(.+?)"/,
    (field, type) => ({ expected: `a field of ${type}`, found: `"${field}"` }),
  ],
  [
    /^Unknown argument "(.+?)" on field "(.+?)"/,
    (name, field) => ({ expected: `an argument of ${field}`, found: `"${name}"` }),
  ],
  [/^Unknown type "(.+?)"/, name => ({ expected: 'a type of the schema', found: `"${name}"` })],
  [
    /^Variable "(.+?)" of type "(.+?)" used in position expecting type "(.+?)"/,
    (name, type, wanted) => ({ expected: `${wanted} for ${name}`, found: type! }),
  ],
  [
    /^Field "(.+?)" argument "(.+?)" of type "(.+?)" is required/,
    (field, name, type) => ({ expected: `"${name}" (${type}) for ${field}`, found: 'nothing' }),
  ],
  [/^Variable "(.+?)" is never used/, name => ({ expected: `a use of ${name}`, found: 'none' })],
  [
    /^Variable "(.+?)" is not defined/,
    name => ({ expected: `${name} among the operation's variables`, found: 'none' }),
  ],
  [
    /^Field "(.+?)" of type "(.+?)" must have a selection of subfields/,
    (field, type) => ({ expected: `{ … } after ${field}, with fields of ${type}`, found: 'none' }),
  ],
  [
    /^Field "(.+?)" must not have a selection since type "(.+?)" has no subfields/,
    (field, type) => ({ expected: `${field} without { … }, since it is ${type}`, found: 'a selection' }),
  ],
]

/** Checks a document against the schema; problems have line and column. */
export function checkDocument(tree: DocumentNode, file: string, of: SchemaInForce): Problem[] {
  const errors = validate(of.schema, tree, specifiedRules, { maxErrors: PROBLEMS_MAX })
  return errors.map(error => {
    const place = error.locations?.[0]
    const parts = describe(error)
    const problem = fileProblem(file, of.isShipped && isUnknownRoot(error, tree, parts) ? asDoubt(parts) : parts)
    return { ...problem, line: place?.line ?? 1, column: place?.column ?? 1 }
  })
}

function describe(error: GraphQLError): ProblemParts {
  const message = error.message.replace(/ Did you mean .*$/, '')
  const [, like] = /Did you mean (?:to use an inline fragment on )?"([^"]+)"/.exec(error.message) ?? []
  for (const [phrase, words] of PHRASES) {
    const groups = phrase.exec(error.message)
    if (groups === null) continue
    // graphql-js finds names alike that are a word apart (deleteAsset, deleteEntry).
    const suggestion = like === undefined ? null : suggest(groups[1]!, [like])
    return { code: 'graphql_schema', message, suggestion, ...words(...groups.slice(1)) }
  }
  return { code: 'graphql_schema', message }
}

/**
 * The shipped schema is what the shipped operations need, not all the API has: a query or mutation it does not know may
 * well exist.
 */
function isUnknownRoot(error: GraphQLError, tree: DocumentNode, { message, suggestion }: ProblemParts): boolean {
  if (suggestion != null || !message.startsWith('Cannot query field')) return false
  const operation = tree.definitions.find(node => node.kind === Kind.OPERATION_DEFINITION)
  return operation?.selectionSet.selections.some(field => field === error.nodes?.[0]) === true
}

function asDoubt(parts: ProblemParts): ProblemParts {
  return {
    ...parts,
    severity: 'warning',
    suggestion: 'write your endpoint’s schema with "pixelesq-bridge schema pull"',
  }
}
