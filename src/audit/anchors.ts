import { createReadStream, existsSync, readFileSync } from 'node:fs'
import { type FileHandle, open, truncate } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import type { SignedCheckpoint } from './checkpoint.ts'

/** Longest line of the file, in characters; a checkpoint has about 400. */
const LINE_CHARS_MAX = 2_000
/** How much of the end of the file is looked at for a line that was cut off. */
const TAIL_BYTES = 4_096
const LINE_BREAK = 0x0a

/** A line of the file: a checkpoint, or null where it is none. */
export interface AnchorLine {
  /** From 1. */
  line: number
  checkpoint: SignedCheckpoint | null
}

/** Where the checkpoints of a database are kept outside it. */
export function anchorsFileOf(databaseFile: string): string {
  return `${databaseFile}.audit-checkpoints.ndjson`
}

/** Appends checkpoints to the file (0600), one line of JSON each, and has them on disk before it resolves. */
export async function appendAnchors(file: string, checkpoints: readonly SignedCheckpoint[]): Promise<void> {
  const handle = await open(file, 'a', 0o600)
  try {
    await handle.appendFile(checkpoints.map(checkpoint => `${JSON.stringify(checkpoint)}\n`).join(''))
    await handle.datasync()
  } finally {
    await handle.close()
  }
}

/** The highest epoch a checkpoint in the file was signed in; 0 where there is none. A restore begins a higher one. */
export function readAnchoredEpoch(file: string): number {
  if (!existsSync(file)) return 0
  const lines = readFileSync(file, 'utf8').split('\n')
  return lines.reduce((highest, line) => Math.max(highest, parseCheckpoint(line)?.epoch ?? 0), 0)
}

/** Takes away the last line where a death of the process cut it off: what follows must begin a line of its own. */
export async function dropTornLine(file: string): Promise<void> {
  const handle = await openIfThere(file)
  if (handle === null) return
  let keptBytes: number | null = null
  try {
    const { size } = await handle.stat()
    const from = Math.max(0, size - TAIL_BYTES)
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(size - from), 0, size - from, from)
    const lastBreak = buffer.subarray(0, bytesRead).lastIndexOf(LINE_BREAK)
    if (size > 0 && lastBreak !== bytesRead - 1) keptBytes = lastBreak === -1 ? 0 : from + lastBreak + 1
  } finally {
    await handle.close()
  }
  if (keptBytes !== null) await truncate(file, keptBytes)
}

/**
 * Opens the file as it is now, to be read line by line; what is appended later is not read. No lines where it is not
 * there. A last line that was cut off is left out.
 */
export async function openAnchors(file: string): Promise<AsyncIterable<AnchorLine>> {
  const handle = await openIfThere(file)
  if (handle === null) return readLines(file, 0, true)
  try {
    const { size } = await handle.stat()
    if (size === 0) return readLines(file, 0, true)
    const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, size - 1)
    return readLines(file, size, buffer[0] === LINE_BREAK)
  } finally {
    await handle.close()
  }
}

async function* readLines(file: string, bytes: number, isWhole: boolean): AsyncGenerator<AnchorLine, void, void> {
  if (bytes === 0) return
  const lines = createInterface({ input: createReadStream(file, { encoding: 'utf8', end: bytes - 1 }) })
  let number = 0
  let held: AnchorLine | null = null
  try {
    for await (const line of lines) {
      if (held !== null) yield held
      held = { line: ++number, checkpoint: parseCheckpoint(line) }
    }
    if (held !== null && isWhole) yield held
  } finally {
    lines.close()
  }
}

async function openIfThere(file: string): Promise<FileHandle | null> {
  try {
    return await open(file, 'r')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
    throw error
  }
}

function parseCheckpoint(line: string): SignedCheckpoint | null {
  if (line.length > LINE_CHARS_MAX) return null
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    return null
  }
  if (typeof value !== 'object' || value === null) return null
  const { seq, at, epoch, hash, previous, publicKey, signature } = value as Record<string, unknown>
  const checkpoint = { seq, at, epoch, hash, previous, publicKey, signature }
  const isWhole =
    [seq, at, epoch].every(Number.isSafeInteger) &&
    [hash, previous, publicKey, signature].every(part => typeof part === 'string')
  // the same line, byte for byte: nothing can be hidden in another spelling of it
  return isWhole && JSON.stringify(checkpoint) === line ? (checkpoint as SignedCheckpoint) : null
}
