import type { AnchorLine } from './anchors.ts'
import { fingerprintKey } from './audit-key.ts'
import type { SignedCheckpoint } from './checkpoint.ts'
import { type ChainedRow, hashEntry, NO_HASH } from './hash-entry.ts'
import { type CheckpointProblem, type CheckpointWalk, walkCheckpoints } from './walk-checkpoints.ts'

/** Rows read at once: about 2 ms of the store's time. */
const PAGE_ROWS = 500

/** Where the audit is read: the store, or a copy of its file. */
export interface AuditReader {
  readAuditRows(query: { afterSeq: number; limit: number }): Promise<ChainedRow[]>
  readCheckpoints(query: { afterSeq: number; limit: number }): Promise<SignedCheckpoint[]>
}

export interface VerifyOptions {
  /** The lines of the file of checkpoints; null = it is not compared. */
  anchors: AsyncIterable<AnchorLine> | null
  /** Fingerprint of the key that must have signed the newest checkpoint; null = any. */
  key: string | null
  /** Up to which row checkpoints are known to be in the file; 0 = not known. */
  anchoredThroughSeq: number
  /** Told how far the rows were checked. */
  onProgress?: (seq: number) => void
  /** True ends it early. */
  isStopped?: () => boolean
}

export type AuditProblem = CheckpointProblem | 'row_changed' | 'row_missing' | 'key_unknown'

export interface AuditVerdict {
  ok: boolean
  /** The first bad row, and what is wrong; null where all is well. */
  problem: { seq: number; code: AuditProblem; message: string } | null
  /** Rows that were found good, and where they begin and end; 0 where there are none. */
  rows: number
  fromSeq: number
  throughSeq: number
  /** Rows up to this one were pruned, as the audit itself says; 0 = none. */
  prunedThroughSeq: number
  checkpoints: number
  /** Lines of the file; null where it was not compared. */
  anchors: number | null
  /** The last row that a checkpoint vouches for: what follows is chained, but not signed yet. */
  signedThroughSeq: number
  /** Checkpoints that are not in the file yet. */
  unanchored: number
  /** Restores of a backup: rows of the history before it that are not here. */
  restores: readonly { at: number; seq: number; lostFromSeq: number; lostThroughSeq: number }[]
  keys: readonly { fingerprint: string; sinceSeq: number }[]
}

/**
 * Verifies the audit: every row against the hash of the row before, the rows against the signed checkpoints, those against
 * the file outside the database. In pages and constant memory, so that a store that is at work meanwhile is not held up.
 * Names the first bad row.
 */
export async function verifyAudit(reader: AuditReader, options: VerifyOptions): Promise<AuditVerdict> {
  const stored = (): AsyncGenerator<SignedCheckpoint> => inPages(query => reader.readCheckpoints(query))
  const walk = await walkCheckpoints(stored(), options.anchors)
  const found = findKeyProblem(walk, options)
  const rows = await walkRows(
    inPages(query => reader.readAuditRows(query)),
    // those that are newer vouch for rows that may not have been read
    until(stored(), walk.last?.seq ?? 0),
    options,
  )
  const problems = [walk.problem, found, rows.problem].filter(problem => problem !== null)
  const problem = problems.sort((a, b) => a.seq - b.seq)[0] ?? null
  return {
    ok: problem === null,
    problem,
    rows: rows.rows,
    fromSeq: rows.fromSeq,
    throughSeq: rows.throughSeq,
    prunedThroughSeq: rows.prunedThroughSeq,
    checkpoints: walk.checkpoints,
    anchors: options.anchors === null ? null : walk.anchors,
    signedThroughSeq: rows.signedThroughSeq,
    unanchored: walk.unanchored,
    restores: walk.restores.map(({ at, seq, sharedSeq, throughSeq }) => ({
      at,
      seq,
      lostFromSeq: sharedSeq + 1,
      lostThroughSeq: throughSeq,
    })),
    keys: walk.keys.map(({ publicKey, sinceSeq }) => ({ fingerprint: fingerprintKey(publicKey), sinceSeq })),
  }
}

type Problem = NonNullable<AuditVerdict['problem']>

function findKeyProblem(walk: CheckpointWalk, { key, anchoredThroughSeq }: VerifyOptions): Problem | null {
  const { last, anchoredThroughSeq: found } = walk
  if (walk.problem !== null || last === null) return null
  if (found < anchoredThroughSeq)
    return {
      seq: found + 1,
      code: 'anchor_missing',
      message: `the file of checkpoints ends at row ${found}, but had row ${anchoredThroughSeq}`,
    }
  const signer = fingerprintKey(last.publicKey)
  if (key === null || key === signer) return null
  return {
    seq: walk.keys.at(-1)!.sinceSeq,
    code: 'key_unknown',
    message: `the newest checkpoint, at row ${last.seq}, is signed by the key ${signer}, expected ${key}`,
  }
}

interface RowWalk {
  problem: Problem | null
  rows: number
  fromSeq: number
  throughSeq: number
  prunedThroughSeq: number
  signedThroughSeq: number
}

/** Walks along the rows and the checkpoints that vouch for them. */
async function walkRows(
  rows: AsyncIterable<ChainedRow>,
  stored: AsyncIterator<SignedCheckpoint>,
  { onProgress, isStopped }: VerifyOptions,
): Promise<RowWalk> {
  const walk: RowWalk = { problem: null, rows: 0, fromSeq: 0, throughSeq: 0, prunedThroughSeq: 0, signedThroughSeq: 0 }
  const next = async (): Promise<SignedCheckpoint | null> => {
    const { done, value } = await stored.next()
    return done === true ? null : value
  }
  const fail = (seq: number, code: AuditProblem, message: string): RowWalk => ({
    ...walk,
    problem: { seq, code, message },
  })
  let checkpoint = await next()
  let hash = NO_HASH
  for await (const row of rows) {
    if (walk.rows === 0) {
      // what was pruned ended at a checkpoint, whose hash the first row goes on from
      walk.fromSeq = row.seq
      for (; checkpoint !== null && checkpoint.seq < row.seq; checkpoint = await next()) {
        walk.signedThroughSeq = checkpoint.seq
        hash = checkpoint.hash
      }
      if (row.seq !== walk.signedThroughSeq + 1)
        return fail(walk.signedThroughSeq + 1, 'row_missing', missingRows(walk.signedThroughSeq + 1, row.seq - 1))
      walk.throughSeq = row.seq - 1
    }
    if (row.seq !== walk.throughSeq + 1)
      return fail(walk.throughSeq + 1, 'row_missing', missingRows(walk.throughSeq + 1, row.seq - 1))
    if (hashEntry(hash, row) !== row.hash)
      return fail(
        row.seq,
        'row_changed',
        `row ${row.seq} does not go on from the row before: one of them is not as it was written`,
      )
    if (checkpoint?.seq === row.seq) {
      if (checkpoint.hash !== row.hash)
        return fail(
          walk.signedThroughSeq + 1,
          'row_changed',
          `rows ${walk.signedThroughSeq + 1} to ${row.seq} are not those that were signed`,
        )
      walk.signedThroughSeq = row.seq
      checkpoint = await next()
    }
    hash = row.hash
    walk.rows++
    walk.throughSeq = row.seq
    if (row.action === 'audit.pruned') walk.prunedThroughSeq = Math.max(walk.prunedThroughSeq, readPruned(row.detail))
    if (walk.rows % PAGE_ROWS === 0) {
      onProgress?.(row.seq)
      if (isStopped?.() === true) return walk
    }
  }
  if (checkpoint !== null)
    return fail(walk.throughSeq + 1, 'row_missing', missingRows(walk.throughSeq + 1, checkpoint.seq))
  if (walk.rows > 0 && walk.prunedThroughSeq !== walk.fromSeq - 1)
    return fail(
      1,
      'row_missing',
      `rows up to ${walk.fromSeq - 1} are not here, but the audit says of ${walk.prunedThroughSeq === 0 ? 'none' : `those up to ${walk.prunedThroughSeq}`} that they were pruned`,
    )
  return walk
}

function missingRows(from: number, through: number): string {
  return from === through ? `row ${from} is missing` : `rows ${from} to ${through} are missing`
}

function readPruned(detail: string | null): number {
  try {
    const { throughSeq } = JSON.parse(detail!) as { throughSeq: unknown }
    return Number.isSafeInteger(throughSeq) ? (throughSeq as number) : 0
  } catch {
    // chained by somebody else
    return 0
  }
}

async function* until(
  stored: AsyncIterable<SignedCheckpoint>,
  seq: number,
): AsyncGenerator<SignedCheckpoint, void, void> {
  for await (const checkpoint of stored) {
    if (checkpoint.seq > seq) return
    yield checkpoint
  }
}

async function* inPages<T extends { seq: number }>(
  read: (query: { afterSeq: number; limit: number }) => Promise<T[]>,
): AsyncGenerator<T, void, void> {
  for (let afterSeq = 0; ; ) {
    const page = await read({ afterSeq, limit: PAGE_ROWS })
    yield* page
    if (page.length < PAGE_ROWS) return
    afterSeq = page.at(-1)!.seq
  }
}
