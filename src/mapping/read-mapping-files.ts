import { isUtf8 } from 'node:buffer'
import { readdir, readFile, realpath, stat } from 'node:fs/promises'
import { basename, join, sep } from 'node:path'
import type { OperationText } from './compile-operation.ts'
import type { Problem } from './problem.ts'
import { fileProblem, type ProblemParts } from './source-file.ts'
import type { SchemaText } from './typecheck/load-schema.ts'

/** Largest file of a mapping folder, in bytes. */
const FILE_BYTES_MAX = 1_048_576

/** Largest schema, in bytes: introspection of a large API gives some megabytes of SDL. */
const SCHEMA_BYTES_MAX = 8_388_608

/** Most files of a mapping folder and of its operations. */
const FILES_MAX = 2_000

/** What ships with the bridge. */
const OPERATIONS_FOLDER = join(import.meta.dirname, '../pixelesq/operations')
const ACTIONS_FOLDER = join(import.meta.dirname, '../pixelesq/actions')
const SCHEMA_FILE = join(import.meta.dirname, '../pixelesq/schema.graphql')

/** The editors' schema lies beside the mappings. */
const NOT_MAPPINGS = new Set(['schema.json'])

export interface TextFile {
  /** File name without extension. */
  name: string
  file: string
  text: string
}

/** A mapping folder and what ships with the bridge, as text: plain data for any thread to compile. */
export interface MappingFiles {
  folder: string
  mappings: readonly TextFile[]
  operations: readonly OperationText[]
  actions: readonly TextFile[]
  /** The schema in force; null where it cannot be read, so that types are not checked. */
  schema: SchemaText | null
  problems: readonly Problem[]
}

/**
 * Reads a mapping folder (`*.json`, `operations/*.graphql` with `*.json`) and the shipped operations and actions.
 * An operation of the folder takes the place of the shipped one of its name. The schema is `schemaFile`, else
 * `schema.graphql` of the folder, else the shipped one. Files that are too large, not UTF-8, or links to places outside
 * the folder become problems; it does not throw for them.
 */
export async function readMappingFiles(folder: string, schemaFile: string | null = null): Promise<MappingFiles> {
  const problems: Problem[] = []
  const [mappings, own, shipped, actions, schema] = await Promise.all([
    readTexts(folder, ['.json'], problems, 'required'),
    readTexts(join(folder, 'operations'), ['.graphql', '.json'], problems, 'optional'),
    readTexts(OPERATIONS_FOLDER, ['.graphql', '.json'], problems, 'required'),
    readTexts(ACTIONS_FOLDER, ['.json'], problems, 'required'),
    readSchema(folder, schemaFile, problems),
  ])
  const ownOperations = pairOperations(own, problems, false)
  const taken = new Set(ownOperations.map(operation => operation.name))
  const shippedOperations = pairOperations(shipped, problems, true).filter(operation => !taken.has(operation.name))
  return {
    folder,
    mappings: mappings.filter(({ file }) => !NOT_MAPPINGS.has(basename(file)) && !file.endsWith('.test.json')),
    operations: [...ownOperations, ...shippedOperations],
    actions,
    schema,
    problems,
  }
}

async function readTexts(
  folder: string,
  extensions: readonly string[],
  problems: Problem[],
  presence: 'required' | 'optional',
): Promise<TextFile[]> {
  const names = await listFiles(folder, extensions)
  if (names === null) {
    if (presence === 'required') {
      problems.push(
        fileProblem(folder, {
          code: 'file_unreadable',
          message: 'the folder cannot be read',
          expected: 'a folder',
          found: 'none',
        }),
      )
    }
    return []
  }
  if (names.length > FILES_MAX) {
    const parts = {
      code: 'file_too_large',
      message: 'too many files',
      expected: `at most ${FILES_MAX} files`,
      found: String(names.length),
    } as const
    problems.push(fileProblem(folder, parts))
    return []
  }
  const root = await realpath(folder)
  const read = await Promise.all(names.map(name => readText(join(folder, name), root, FILE_BYTES_MAX)))
  return read.flatMap(result => {
    if (!('code' in result)) return [result]
    const { file, ...parts } = result
    problems.push(fileProblem(file, parts))
    return []
  })
}

async function listFiles(folder: string, extensions: readonly string[]): Promise<string[] | null> {
  try {
    const entries = await readdir(folder, { withFileTypes: true })
    return entries
      .filter(
        entry =>
          !entry.isDirectory() &&
          !entry.name.startsWith('.') &&
          extensions.some(extension => entry.name.endsWith(extension)),
      )
      .map(entry => entry.name)
      .sort()
  } catch {
    return null
  }
}

/** `root`: the folder the file must lie in, links followed; null: anywhere. */
async function readText(
  file: string,
  root: string | null,
  bytesMax: number,
): Promise<TextFile | (ProblemParts & { file: string })> {
  const name = basename(file)
  try {
    const real = await realpath(file)
    if (root !== null && !real.startsWith(root + sep)) {
      return {
        file,
        code: 'file_unreadable',
        message: 'the file is a link to a place outside the folder',
        expected: 'a file of the folder',
        found: 'a link out of it',
      }
    }
    const { size } = await stat(real)
    if (size > bytesMax) {
      return {
        file,
        code: 'file_too_large',
        message: 'the file is too large',
        expected: `at most ${bytesMax} bytes`,
        found: `${size} bytes`,
      }
    }
    const bytes = await readFile(real)
    if (!isUtf8(bytes))
      return {
        file,
        code: 'file_unreadable',
        message: 'the file is not UTF-8',
        expected: 'UTF-8 text',
        found: 'other bytes',
      }
    return { name: name.slice(0, name.lastIndexOf('.')), file, text: bytes.toString('utf8') }
  } catch {
    return {
      file,
      code: 'file_unreadable',
      message: 'the file cannot be read',
      expected: 'a readable file',
      found: 'none',
    }
  }
}

async function readSchema(folder: string, schemaFile: string | null, problems: Problem[]): Promise<SchemaText | null> {
  const own = join(folder, 'schema.graphql')
  const file = schemaFile ?? ((await exists(own)) ? own : SCHEMA_FILE)
  // The one of the folder must lie in it, as all its files; the configuration may name any.
  const root = file === own && schemaFile === null ? await realpath(folder) : null
  const read = await readText(file, root, SCHEMA_BYTES_MAX)
  if (!('code' in read)) return { file, text: read.text, isShipped: file === SCHEMA_FILE }
  const { file: _, ...parts } = read
  problems.push(fileProblem(file, parts))
  return null
}

async function exists(file: string): Promise<boolean> {
  try {
    await stat(file)
    return true
  } catch {
    return false
  }
}

function pairOperations(files: readonly TextFile[], problems: Problem[], isShipped: boolean): OperationText[] {
  const sidecars = new Map(files.filter(({ file }) => file.endsWith('.json')).map(file => [file.name, file]))
  const operations = files
    .filter(({ file }) => file.endsWith('.graphql'))
    .map(({ name, file, text }) => {
      const sidecar = sidecars.get(name)
      sidecars.delete(name)
      return {
        name,
        file,
        document: text,
        sidecar: sidecar === undefined ? null : { file: sidecar.file, text: sidecar.text },
        isShipped,
      }
    })
  for (const { name, file } of sidecars.values()) {
    const parts = {
      code: 'unknown_operation',
      message: 'no operation beside it',
      expected: `${name}.graphql beside it`,
      found: 'none',
    } as const
    problems.push(fileProblem(file, parts))
  }
  return operations
}
