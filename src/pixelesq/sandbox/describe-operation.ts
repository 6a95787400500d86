import { type DocumentNode, Kind, type OperationDefinitionNode, parse } from 'graphql'

/** Documents whose description is remembered; the map is emptied beyond it. */
const DOCUMENTS_MAX = 1_000
/** Same bound as mercurius is given, so that a hostile document costs nothing here either. */
export const DOCUMENT_TOKENS_MAX = 10_000

export interface OperationDescription {
  name: string | null
  mutation: boolean
  /** Text under which mercurius may cache the document: its compiled form holds one operation, whatever `operationName` says. */
  cacheableText: string | null
  /** Name and root fields: what a fault may be aimed at. */
  names: readonly string[]
}

const UNKNOWN: OperationDescription = { name: null, mutation: false, cacheableText: null, names: [] }

/** Says what a document does without running it; a document that does not parse is unknown and left to mercurius. */
export function createDescriber(): (document: string, operationName: string | null) => OperationDescription {
  const known = new Map<string, OperationDescription>()
  return (document, operationName) => {
    const key = operationName === null ? document : `${operationName} ${document}`
    let description = known.get(key)
    if (description === undefined) {
      description = describe(document, operationName)
      if (known.size >= DOCUMENTS_MAX) known.clear()
      known.set(key, description)
    }
    return description
  }
}

function describe(document: string, operationName: string | null): OperationDescription {
  let parsed: DocumentNode
  try {
    parsed = parse(document, { maxTokens: DOCUMENT_TOKENS_MAX, noLocation: true })
  } catch {
    return UNKNOWN
  }
  const operations = parsed.definitions.filter(node => node.kind === Kind.OPERATION_DEFINITION)
  const chosen = operations.find(node => operationName === null || node.name?.value === operationName)
  if (chosen === undefined) return UNKNOWN
  const name = chosen.name?.value ?? null
  const fields = listFields(chosen)
  const cacheableText = operations.length > 1 && name !== null ? `${document}\n# ${name}` : document
  const mutation = chosen.operation === 'mutation'
  return { name, mutation, cacheableText, names: name === null ? fields : [name, ...fields] }
}

function listFields(operation: OperationDefinitionNode): string[] {
  return operation.selectionSet.selections.flatMap(node => (node.kind === Kind.FIELD ? [node.name.value] : []))
}
