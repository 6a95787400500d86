import { appendPointer } from './json-pointer.ts'

/** Where a value stands in the text, and its key where it is a member; offsets in UTF-16 units, ends exclusive. */
export interface JsonPlace {
  start: number
  end: number
  key: { start: number; end: number } | null
}

export interface JsonSyntaxError {
  ok: false
  offset: number
  expected: string
  found: string
}

export type ScannedJson =
  | { ok: true; places: ReadonlyMap<string, JsonPlace>; duplicates: readonly { pointer: string; start: number }[] }
  | JsonSyntaxError

/** Deepest nesting of a file people write, in levels. */
const DEPTH_MAX = 64

interface Scan {
  text: string
  at: number
  places: Map<string, JsonPlace>
  duplicates: { pointer: string; start: number }[]
}

/** null: scanned; the scan stands after it. */
type Failure = JsonSyntaxError | null

/**
 * Finds the place of every value of a JSON text by its JSON pointer, or the first syntax error with its offset.
 * Also lists duplicate keys, which JSON.parse drops silently. JSON.parse gives no places and not always a position.
 */
export function scanJson(text: string): ScannedJson {
  const scan: Scan = { text, at: 0, places: new Map(), duplicates: [] }
  const failure = scanValue(scan, '', 1, null)
  if (failure !== null) return failure
  skipSpace(scan)
  if (scan.at < text.length) return expected(scan, 'the end of the file')
  return { ok: true, places: scan.places, duplicates: scan.duplicates }
}

function scanValue(scan: Scan, pointer: string, depth: number, key: JsonPlace['key']): Failure {
  skipSpace(scan)
  const start = scan.at
  const failure = scanAnyValue(scan, pointer, depth)
  if (failure === null) scan.places.set(pointer, { start, end: scan.at, key })
  return failure
}

function scanAnyValue(scan: Scan, pointer: string, depth: number): Failure {
  const character = scan.text[scan.at]
  if (character === '"') return scanString(scan)
  if (character !== '{' && character !== '[') return scanToken(scan)
  if (depth > DEPTH_MAX) return expected(scan, `at most ${DEPTH_MAX} levels of nesting`)
  return character === '{' ? scanObject(scan, pointer, depth) : scanArray(scan, pointer, depth)
}

function scanObject(scan: Scan, pointer: string, depth: number): Failure {
  const keys = new Set<string>()
  scan.at++
  if (takeIf(scan, '}')) return null
  do {
    skipSpace(scan)
    const start = scan.at
    if (scan.text[start] !== '"')
      return expected(scan, keys.size === 0 ? 'a key in double quotes or "}"' : 'a key in double quotes')
    const failure = scanString(scan)
    if (failure !== null) return failure
    const key = JSON.parse(scan.text.slice(start, scan.at)) as string
    const at = appendPointer(pointer, key)
    const place = { start, end: scan.at }
    if (keys.has(key)) scan.duplicates.push({ pointer: at, start })
    keys.add(key)
    if (!takeIf(scan, ':')) return expected(scan, '":"')
    const inner = scanValue(scan, at, depth + 1, place)
    if (inner !== null) return inner
  } while (takeIf(scan, ','))
  return takeIf(scan, '}') ? null : expected(scan, '"," or "}"')
}

function scanArray(scan: Scan, pointer: string, depth: number): Failure {
  scan.at++
  if (takeIf(scan, ']')) return null
  let index = 0
  do {
    const failure = scanValue(scan, appendPointer(pointer, index++), depth + 1, null)
    if (failure !== null) return failure
  } while (takeIf(scan, ','))
  return takeIf(scan, ']') ? null : expected(scan, '"," or "]"')
}

const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*/y
const TOKEN = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?|true|false|null/y

function scanString(scan: Scan): Failure {
  STRING.lastIndex = scan.at
  STRING.exec(scan.text)
  // The end of what is a string so far: a wrong escape or a line break stops it before the closing quote.
  scan.at = STRING.lastIndex
  if (scan.text[scan.at] !== '"')
    return expected(scan, scan.text[scan.at] === '\\' ? 'a JSON escape' : 'a closing double quote')
  scan.at++
  return null
}

function scanToken(scan: Scan): Failure {
  TOKEN.lastIndex = scan.at
  const match = TOKEN.exec(scan.text)
  if (match === null || match[0] === '') return expected(scan, 'a value')
  scan.at = TOKEN.lastIndex
  return null
}

function takeIf(scan: Scan, character: string): boolean {
  skipSpace(scan)
  if (scan.text[scan.at] !== character) return false
  scan.at++
  return true
}

function skipSpace(scan: Scan): void {
  while (scan.at < scan.text.length && ' \t\n\r'.includes(scan.text.charAt(scan.at))) scan.at++
}

function expected(scan: Scan, what: string): JsonSyntaxError {
  const character = scan.text[scan.at]
  const found =
    character === undefined ? 'the end of the file' : character < ' ' ? 'a line break' : JSON.stringify(character)
  return { ok: false, offset: scan.at, expected: what, found }
}

/** Offset in the text of the `index`-th UTF-16 unit of the string literal that starts at `start` (its opening quote). */
export function offsetInString(text: string, start: number, index: number): number {
  let at = start + 1
  for (let unit = 0; unit < index && text[at] !== '"'; unit++) {
    if (text[at] !== '\\') at += 1
    else at += text[at + 1] === 'u' ? 6 : 2
  }
  return at
}

/** Line and column (from 1, in UTF-16 units) of an offset. */
export function lineAndColumn(text: string, offset: number): { line: number; column: number } {
  const before = text.slice(0, offset)
  return { line: before.split('\n').length, column: offset - before.lastIndexOf('\n') }
}
