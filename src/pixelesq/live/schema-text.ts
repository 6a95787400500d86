import { readFile } from 'node:fs/promises'
import { buildSchema, type GraphQLSchema, printSchema } from 'graphql'

/** The schema file that was there: absent, unreadable as a schema, or a schema. */
export type FormerSchema =
  | { kind: 'none' }
  | { kind: 'unreadable' }
  | { kind: 'schema'; text: string; schema: GraphQLSchema }

/** Reads the schema file at a path. What is there but no SDL is `unreadable`; other errors of the file system are thrown. */
export async function readFormerSchema(path: string): Promise<FormerSchema> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return { kind: 'none' }
    throw error
  }
  try {
    return { kind: 'schema', text, schema: buildSchema(text) }
  } catch {
    return { kind: 'unreadable' }
  }
}

/** The text of a pulled schema file: where it is from (host and path only), and the SDL. No date: equal pulls are equal files. */
export function schemaText(schema: GraphQLSchema, endpoint: URL): string {
  return `# The schema of ${endpoint.origin}${endpoint.pathname}, written by \`pixelesq-bridge schema pull\`.\n\n${printSchema(schema)}\n`
}
