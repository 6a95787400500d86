import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import type Database from 'better-sqlite3'
import { freeMemory } from '../../own-memory.ts'

/** A block is closed beyond this: reading one event opens its whole block, which takes about 0.2 ms at this size. */
const BLOCK_BYTES_MAX = 256 * 1024
/** Below this a zstd frame saves nothing worth its 25 µs. */
const COMPRESS_FROM_BYTES = 512
/** Level 1: level 3 saves 4 % more of a GitHub payload for 20 % more time. */
const PARAMS = { [constants.ZSTD_c_compressionLevel]: 1 }
/** Payloads shrink about eight times: an output buffer of that size is filled once and wastes little. */
const EXPECTED_RATIO = 8
/**
 * From this size on Node allocates memory of its own instead of cutting a piece from its pool. Pieces of the pool stay
 * until garbage is collected: 40 MB of them at 50 deliveries a second.
 */
const OWN_BYTES_MIN = Buffer.poolSize >>> 1
/** Opened blocks that are kept, in bytes: jobs of neighbouring events are claimed together. */
const CACHE_BYTES_MAX = 2 * 1024 * 1024

export interface BlockPlace {
  block: number
  offset: number
  headersBytes: number
}

export interface Content {
  headers: string
  /** Memory of its own. */
  body: Buffer
}

/**
 * Headers and bodies of the events of one commit lie together in compressed blocks: payloads of one sender resemble each
 * other, and one frame for sixteen of them takes a quarter of the time and a fifth of the space of sixteen frames.
 */
export interface BodyBlocks {
  append(eventSeq: number, headers: string, body: Uint8Array): BlockPlace
  /** Writes what was appended; before every commit. */
  seal(): void
  /** Forgets what was appended; after a rollback. */
  discard(): void
  read(place: BlockPlace & { bodyBytes: number }): Content | null
  /** Overwrites the content of events that are kept no longer, where neighbours still need the block. */
  erase(block: number, places: readonly { offset: number; bytes: number }[]): void
}

interface BlockRow {
  raw_bytes: number
  encoding: number
  bytes: Buffer
}

interface Open {
  seq: number
  firstEvent: number
  lastEvent: number
  pieces: Uint8Array[]
  bytes: number
}

function pack(content: Buffer): { encoding: number; bytes: Buffer } {
  if (content.byteLength < COMPRESS_FROM_BYTES) return { encoding: 0, bytes: content }
  const chunkSize = Math.max(OWN_BYTES_MIN, Math.ceil(content.byteLength / EXPECTED_RATIO))
  const frame = ownBytes(zstdCompressSync(content, { params: PARAMS, chunkSize }))
  return frame.byteLength < content.byteLength ? { encoding: 1, bytes: frame } : { encoding: 0, bytes: content }
}

/** One byte more than needed, or zlib makes a second, empty buffer. */
function unpack(frame: Uint8Array, rawBytes: number): Buffer {
  return ownBytes(zstdDecompressSync(frame, { chunkSize: Math.max(OWN_BYTES_MIN, rawBytes + 1) }))
}

/** Cuts a result of zlib down to memory of its own, which `freeMemory` can give back. */
function ownBytes(bytes: Buffer<ArrayBuffer>): Buffer {
  return bytes.byteOffset === 0 ? Buffer.from(bytes.buffer.transfer(bytes.byteLength)) : bytes
}

/** Prepares the blocks of one database. */
export function createBodyBlocks(db: Database.Database): BodyBlocks {
  const newest = db.prepare('select coalesce(max(seq), 0) from body_block').pluck()
  const insert = db.prepare(
    'insert into body_block (seq, first_event, last_event, raw_bytes, encoding, bytes) values (?, ?, ?, ?, ?, ?)',
  )
  const select = db.prepare<[number], BlockRow>('select raw_bytes, encoding, bytes from body_block where seq = ?')
  const update = db.prepare('update body_block set encoding = ?, bytes = ? where seq = ?')
  const cache = new Map<number, Buffer>()
  let cached = 0
  let open: Open | null = null
  let lastSeq = newest.get() as number

  const seal = (): void => {
    if (open === null) return
    const content = Buffer.concat(open.pieces, open.bytes)
    const { encoding, bytes } = pack(content)
    insert.run(open.seq, open.firstEvent, open.lastEvent, open.bytes, encoding, bytes)
    freeMemory(bytes)
    freeMemory(content)
    open = null
  }

  const openBlock = (seq: number): Buffer | null => {
    const known = cache.get(seq)
    if (known !== undefined) return known
    const row = select.get(seq)
    if (row === undefined) return null
    return row.encoding === 1 ? unpack(row.bytes, row.raw_bytes) : row.bytes
  }

  /** Keeps a block that holds more than what was just read; room is made by giving back the oldest. */
  const keep = (seq: number, content: Buffer): void => {
    if (cache.has(seq)) return
    for (const [oldest, bytes] of cache) {
      if (cached + content.byteLength <= CACHE_BYTES_MAX) break
      cache.delete(oldest)
      cached -= bytes.byteLength
      freeMemory(bytes)
    }
    cache.set(seq, content)
    cached += content.byteLength
  }

  return {
    append(eventSeq, headers, body) {
      const head = Buffer.from(headers)
      if (open !== null && open.bytes + head.byteLength + body.byteLength > BLOCK_BYTES_MAX) seal()
      open ??= { seq: ++lastSeq, firstEvent: eventSeq, lastEvent: eventSeq, pieces: [], bytes: 0 }
      const place = { block: open.seq, offset: open.bytes, headersBytes: head.byteLength }
      open.pieces.push(head, body)
      open.bytes += head.byteLength + body.byteLength
      open.lastEvent = eventSeq
      return place
    },
    seal,
    discard() {
      open = null
      cache.clear()
      cached = 0
      lastSeq = newest.get() as number
    },
    read({ block, offset, headersBytes, bodyBytes }) {
      const content = openBlock(block)
      if (content === null) return null
      const bodyAt = offset + headersBytes
      const body = Buffer.allocUnsafeSlow(bodyBytes)
      content.copy(body, 0, bodyAt, bodyAt + bodyBytes)
      const headers = content.toString('utf8', offset, bodyAt)
      if (headersBytes + bodyBytes < content.byteLength) keep(block, content)
      else freeMemory(content)
      return { headers, body }
    },
    erase(block, places) {
      const content = openBlock(block)
      if (content === null) return
      for (const { offset, bytes } of places) content.fill(0, offset, offset + bytes)
      const packed = pack(content)
      update.run(packed.encoding, packed.bytes, block)
    },
  }
}
