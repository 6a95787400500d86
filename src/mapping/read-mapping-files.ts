import { isUtf8 } from 'node:buffer'
import { readdir, readFile, realpath, stat } from 'node:fs/promises'
import { basename, join, sep } from 'node:path'
import type { OperationText } from './compile-operation.ts'
import type { Problem } from './problem.ts'
import { fileProblem, type ProblemParts } from './source-file.ts'

/** Largest file of a mapping folder, in bytes. */
const FILE_BYTES_MAX = 1_048_576

/** Most files of a mapping folder and of its operations. */
const FILES_MAX = 2_000

/** What ships with the bridge. */
const OPERATIONS_FOLDER = join(import.meta.dirname, '../pixelesq/operations')
const ACTIONS_FOLDER = join(import.meta.dirname, '../pixelesq/actions')

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
  problems: readonly Problem[]
}

/**
 * Reads a mapping folder (`*.json`, `operations/*.graphql` with `*.json`) and the shipped operations and actions.
 * An operation of the folder takes the place of the shipped one of its name. Files that are too large, not UTF-8, or
 * links to places outside the folder become problems; it does not throw for them.
 */
export async function readMappingFiles(folder: string): Promise<MappingFiles> {
  const problems: Problem[] = []
  const [mappings, own, shipped, actions] = await Promise.all([
    readTexts(folder, ['.json'], problems, 'required'),
    readTexts(join(folder, 'operations'), ['.graphql', '.json'], problems, 'optional'),
    readTexts(OPERATIONS_FOLDER, ['.graphql', '.json'], problems, 'required'),
    readTexts(ACTIONS_FOLDER, ['.json'], problems, 'required'),
  ])
  const ownOperations = pairOperations(own, problems)
  const taken = new Set(ownOperations.map(operation => operation.name))
  const shippedOperations = pairOperations(shipped, problems).filter(operation => !taken.has(operation.name))
  return {
    folder,
    mappings: mappings.filter(({ file }) => !NOT_MAPPINGS.has(basename(file))),
    operations: [...ownOperations, ...shippedOperations],
    actions,
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
  const read = await Promise.all(names.map(name => readText(folder, root, name)))
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

async function readText(
  folder: string,
  root: string,
  name: string,
): Promise<TextFile | (ProblemParts & { file: string })> {
  const file = join(folder, name)
  try {
    const real = await realpath(file)
    if (!real.startsWith(root + sep)) {
      return {
        file,
        code: 'file_unreadable',
        message: 'the file is a link to a place outside the folder',
        expected: 'a file of the folder',
        found: 'a link out of it',
      }
    }
    const { size } = await stat(real)
    if (size > FILE_BYTES_MAX) {
      return {
        file,
        code: 'file_too_large',
        message: 'the file is too large',
        expected: `at most ${FILE_BYTES_MAX} bytes`,
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

function pairOperations(files: readonly TextFile[], problems: Problem[]): OperationText[] {
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
