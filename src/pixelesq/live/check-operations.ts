import { type DocumentNode, type GraphQLError, type GraphQLSchema, parse, validate } from 'graphql'
import type { Operation } from '../../mapping/operation.ts'
import type { Problem } from '../../mapping/problem.ts'
import { fileProblem } from '../../mapping/source-file.ts'
import { compareSchemas, type SchemaChange } from './compare-schemas.ts'
import { findUsedCoordinates, touches, type UsedCoordinates } from './find-used-coordinates.ts'

/** An operation in use, and the mappings that use it, directly, through an action, or to look a lost answer up. */
export interface UsedOperation {
  operation: Operation
  mappings: readonly string[]
}

export interface LiveComparison {
  problems: Problem[]
  /** Differences that touch nothing in use. */
  otherChanges: readonly SchemaChange[]
}

/** Most problems of one kind that are listed. */
const LISTED_MAX = 100

/**
 * Compares the schema file with the endpoint's schema as far as the operations in use go: what an operation depends on
 * and is different is named (an error where it may fail, a warning where a result may be null now or nothing can fail), and
 * each document is validated against the endpoint. `schemaFile` is the file problems are reported in.
 */
export function checkOperations(
  used: readonly UsedOperation[],
  { file, live, schemaFile }: { file: GraphQLSchema; live: GraphQLSchema; schemaFile: string },
): LiveComparison {
  const changes = compareSchemas(file, live)
  const looked = used.map(({ operation, mappings }) => {
    const document = parse(operation.document)
    return { operation, mappings, document, coordinates: findUsedCoordinates(document, file) }
  })
  const problems: Problem[] = []
  const otherChanges: SchemaChange[] = []
  const explained = new Set<string>()
  for (const change of changes) {
    const touched = looked.filter(({ coordinates }) => touches(coordinates, change))
    if (touched.length === 0) otherChanges.push(change)
    else problems.push(describeChange(change, touched, schemaFile))
    if (change.breaking) for (const { operation } of touched) explained.add(operation.name)
  }
  for (const { operation, mappings, document } of looked) {
    if (!explained.has(operation.name)) problems.push(...validateLive(operation, mappings, document, live))
  }
  return { problems: problems.slice(0, LISTED_MAX), otherChanges }
}

interface Looked extends UsedOperation {
  document: DocumentNode
  coordinates: UsedCoordinates
}

function describeChange(change: SchemaChange, touched: readonly Looked[], schemaFile: string): Problem {
  const { coordinate, before, after, breaking } = change
  const operations = touched.map(({ operation }) => operation.name)
  const mappings = [...new Set(touched.flatMap(used => used.mappings))]
  return fileProblem(schemaFile, {
    code: 'live_schema',
    severity: breaking && !isOnlyLaxer(change) ? 'error' : 'warning',
    message: `${coordinate} is different at the endpoint; ${list(operations)} (mappings: ${list(mappings)}) depends on it`,
    expected:
      before === null ? `no ${coordinate}, as in the schema file` : `${coordinate}: ${before}, as in the schema file`,
    found: `${after === null ? 'none' : after} at the endpoint; used by ${list(operations)} (mappings: ${list(mappings)})`,
    suggestion: 'run `pixelesq-bridge schema pull`, then `pixelesq-bridge check`',
  })
}

/** A result that may now be null: mappings may read past it all their lives, and a check against the pulled schema says which. */
function isOnlyLaxer({ before, after }: SchemaChange): boolean {
  if (before === null || after === null) return false
  return before.replaceAll('!', '') === after.replaceAll('!', '') && after.length < before.length
}

function validateLive(
  { file }: Operation,
  mappings: readonly string[],
  document: DocumentNode,
  live: GraphQLSchema,
): Problem[] {
  return validate(live, document).map((error: GraphQLError) => {
    const place = error.locations?.[0]
    const problem = fileProblem(file, {
      code: 'live_schema',
      message: `${error.message} (at the endpoint; mappings: ${list(mappings)})`,
    })
    return { ...problem, line: place?.line ?? null, column: place?.column ?? null }
  })
}

/** Names in a sentence, shortened. */
function list(names: readonly string[]): string {
  return names.length > 5 ? `${names.slice(0, 4).join(', ')} and ${names.length - 4} more` : names.join(', ')
}
