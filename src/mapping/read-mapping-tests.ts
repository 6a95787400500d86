import { isUtf8 } from 'node:buffer'
import { readdir, readFile, realpath, stat } from 'node:fs/promises'
import { dirname, join, resolve, sep } from 'node:path'
import type { CheckedMapping } from './checked-mapping.ts'
import { appendPointer } from './json-pointer.ts'
import { type MappingFile, mappingSchema } from './mapping-schema.ts'
import { parseJsonText } from './parse-json-text.ts'
import type { Problem } from './problem.ts'
import { problemsOfSchema } from './schema-problems.ts'
import { fileProblem, type ProblemParts, problemAt, readSource, type SourceFile } from './source-file.ts'
import { suggest } from './suggest.ts'

/** Ends the name of a file that holds tests of the mapping of that name: `publish.test.json` tests `publish.json`. */
export const TEST_FILE_SUFFIX = '.test.json'

/** Largest file of tests, and largest payload file, in bytes: what GitHub sends at most. */
const FILE_BYTES_MAX = 26_214_400

export type MappingTestFile = NonNullable<MappingFile['tests']>[number]

/** A test of a mapping file, with its payload read. `lossy` as `parsePayload` gives it. */
export interface MappingTest {
  mapping: CheckedMapping
  test: MappingTestFile
  payload: unknown
  lossy: readonly string[] | null
  source: SourceFile
  pointer: string
}

/**
 * Reads the tests of mappings, from `tests` of their files and from `<name>.test.json` beside them, whose content is
 * `{ "tests": […] }` or the list alone. `payloadFile` is relative to the file it stands in and must lie below the folder.
 * Tests that cannot be read become problems (`unreadable` counts them); it does not throw for them.
 */
export async function readMappingTests(
  folder: string,
  mappings: ReadonlyMap<string, CheckedMapping>,
  limits: { jsonDepthMax: number },
): Promise<{ tests: MappingTest[]; unreadable: number; problems: Problem[] }> {
  const problems: Problem[] = []
  const tests: MappingTest[] = []
  const beside = (await listTestFiles(folder)).map(file => file.slice(0, -TEST_FILE_SUFFIX.length))
  for (const mapping of mappings.values()) {
    if (mapping.json.tests !== undefined) {
      const source = await readJson(mapping.file, problems)
      if (source !== null)
        tests.push(...(await readTests(mapping, source, mapping.json.tests, '/tests', limits, problems)))
    }
    if (!beside.includes(mapping.name)) continue
    const read = await readTestFile(join(folder, `${mapping.name}${TEST_FILE_SUFFIX}`), problems)
    if (read !== null)
      tests.push(...(await readTests(mapping, read.source, read.tests, read.pointer, limits, problems)))
  }
  // a file that cannot be read counts as one test
  const unreadable = problems.length
  for (const name of beside.filter(name => !mappings.has(name))) {
    const parts = {
      code: 'file_unreadable',
      message: 'no mapping beside it',
      expected: `${name}.json beside it`,
      found: 'none',
      suggestion: suggest(name, mappings.keys()),
    } as const
    problems.push(fileProblem(join(folder, `${name}${TEST_FILE_SUFFIX}`), parts))
  }
  return { tests, unreadable, problems }
}

/** A file of tests with its places; null after a problem. */
export async function readTestFile(
  file: string,
  problems: Problem[],
): Promise<{ source: SourceFile; tests: MappingTestFile[]; pointer: string } | null> {
  const source = await readJson(file, problems)
  if (source === null) return null
  const isList = Array.isArray(source.json)
  const schema = testFileSchema()
  const checked = schema.safeParse(isList ? { tests: source.json } : source.json)
  if (checked.success) return { source, tests: checked.data.tests, pointer: isList ? '' : '/tests' }
  // the places of a list alone have no "tests" before them
  const shift = isList ? 1 : 0
  const issues = checked.error.issues.map(issue => ({ ...issue, path: issue.path.slice(shift) }))
  problems.push(...problemsOfSchema(source, { issues } as typeof checked.error, () => []))
  return null
}

function testFileSchema() {
  return mappingSchema.pick({ $schema: true, description: true, tests: true }).required({ tests: true })
}

async function listTestFiles(folder: string): Promise<string[]> {
  try {
    const names = await readdir(folder)
    return names.filter(name => name.endsWith(TEST_FILE_SUFFIX) && !name.startsWith('.')).sort()
  } catch {
    return []
  }
}

async function readJson(file: string, problems: Problem[]): Promise<SourceFile | null> {
  const text = await readText(file)
  if (typeof text !== 'string') {
    problems.push(fileProblem(file, text))
    return null
  }
  const read = readSource(file, text)
  problems.push(...read.problems)
  return read.ok && read.problems.length === 0 ? read.source : null
}

async function readTests(
  mapping: CheckedMapping,
  source: SourceFile,
  tests: readonly MappingTestFile[],
  pointer: string,
  limits: { jsonDepthMax: number },
  problems: Problem[],
): Promise<MappingTest[]> {
  const read: MappingTest[] = []
  for (const [i, test] of tests.entries()) {
    const at = appendPointer(pointer, i)
    const payload = await readPayload(test, source, appendPointer(at, 'event'), limits.jsonDepthMax)
    if (payload.ok) read.push({ mapping, test, payload: payload.value, lossy: payload.lossy, source, pointer: at })
    else problems.push(problemAt(source, payload.pointer, payload.parts))
  }
  return read
}

type Payload =
  | { ok: true; value: unknown; lossy: readonly string[] | null }
  | { ok: false; pointer: string; parts: ProblemParts }

async function readPayload(test: MappingTestFile, source: SourceFile, at: string, depthMax: number): Promise<Payload> {
  const { payload, payloadFile } = test.event
  if (payloadFile === undefined) {
    if (payload === undefined) return { ok: true, value: {}, lossy: null }
    // from the text once more, since JSON.parse has rounded numbers by now
    const pointer = appendPointer(at, 'payload')
    const place = source.places.get(pointer)!
    return parsePayloadText(source.text.slice(place.start, place.end), depthMax, pointer)
  }
  const pointer = appendPointer(at, 'payloadFile')
  if (payload !== undefined) {
    const message = 'an event has a payload or a payloadFile'
    return { ok: false, pointer, parts: { code: 'invalid_value', message, expected: 'one of them', found: 'both' } }
  }
  const text = await readBelow(dirname(source.file), payloadFile)
  return typeof text === 'string'
    ? parsePayloadText(text.startsWith('\ufeff') ? text.slice(1) : text, depthMax, pointer)
    : { ok: false, pointer, parts: text }
}

function parsePayloadText(text: string, depthMax: number, pointer: string): Payload {
  const parsed = parseJsonText(text, depthMax)
  if (parsed.ok) return { ok: true, value: parsed.value, lossy: parsed.lossy }
  const { message } = parsed
  return { ok: false, pointer, parts: { code: 'invalid_value', message, expected: 'a payload', found: message } }
}

/** Reads a file that lies below the folder, links followed. */
async function readBelow(folder: string, path: string): Promise<string | ProblemParts> {
  try {
    const root = await realpath(folder)
    const real = await realpath(resolve(root, path))
    if (real.startsWith(root + sep)) return await readText(real)
  } catch {
    return {
      code: 'file_unreadable',
      message: 'the file cannot be read',
      expected: 'a readable file',
      found: `"${path}"`,
    }
  }
  const expected = 'a file below the folder of the mapping'
  return { code: 'file_unreadable', message: 'the file lies elsewhere', expected, found: `"${path}"` }
}

async function readText(file: string): Promise<string | ProblemParts> {
  const refuse = (message: string, expected: string, found: string): ProblemParts => ({
    code: 'file_unreadable',
    message,
    expected,
    found,
  })
  try {
    const { size } = await stat(file)
    if (size > FILE_BYTES_MAX)
      return refuse('the file is too large', `at most ${FILE_BYTES_MAX} bytes`, `${size} bytes`)
    const bytes = await readFile(file)
    return isUtf8(bytes) ? bytes.toString('utf8') : refuse('the file is not UTF-8', 'UTF-8 text', 'other bytes')
  } catch {
    return refuse('the file cannot be read', 'a readable file', 'none')
  }
}
