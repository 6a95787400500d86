import type { AnchorLine } from './anchors.ts'
import { digestCheckpoint, isSigned, NO_CHECKPOINT, type SignedCheckpoint } from './checkpoint.ts'

/** Rows of another history, which the database does not have. */
export interface LostBranch {
  /** The last row both have; 0 = none. */
  sharedSeq: number
  /** The last row that was signed there. */
  throughSeq: number
  /** Epoch of that history. */
  epoch: number
}

export type CheckpointProblem =
  | 'checkpoint_changed'
  | 'checkpoint_missing'
  | 'anchor_changed'
  | 'anchor_missing'
  | 'rolled_back'

/** What comparing the checkpoints in the database with the file beside it came to. */
export interface CheckpointWalk {
  problem: { seq: number; code: CheckpointProblem; message: string } | null
  /** The newest checkpoint of the database that the file has, by row; 0 = none. */
  anchoredThroughSeq: number
  /** Checkpoints of the database that are newer than that. */
  unanchored: number
  checkpoints: number
  anchors: number
  /** The newest checkpoint of the database. */
  last: SignedCheckpoint | null
  /** Where the file goes on in a history that the database does not have: an older copy was put in its place. */
  ahead: LostBranch | null
  /** The same, where a checkpoint with a higher epoch, signed after it, says that the database was restored. */
  restores: readonly (LostBranch & { at: number; seq: number })[]
  /** The highest epoch of a line; 0 = none. A restore must raise that of the database above it. */
  anchoredEpoch: number
  /** Keys in the order in which they began to sign. */
  keys: readonly { publicKey: string; sinceSeq: number }[]
}

interface State {
  /** Digest of the last good line of the file, and of the last good checkpoint of the database. */
  lineDigest: string
  lineEpoch: number
  storedDigest: string
  branch: LostBranch | null
  walk: Mutable<CheckpointWalk>
}
type Mutable<T> = { -readonly [K in keyof T]: T[K] extends readonly (infer I)[] ? I[] : T[K] }

/**
 * Walks along the checkpoints of the database and the lines of the file beside it (null = not compared), in step and in
 * constant memory. Each must be signed and name the one before; both must be the same, but that the file may end sooner
 * (a death of the process between the two, or a full disk). Ends at the first problem.
 */
export async function walkCheckpoints(
  stored: AsyncIterable<SignedCheckpoint>,
  anchors: AsyncIterable<AnchorLine> | null,
): Promise<CheckpointWalk> {
  const state = startWalk()
  const lines = anchors === null ? null : anchors[Symbol.asyncIterator]()
  try {
    for await (const checkpoint of stored) {
      if (!takeStored(checkpoint, state)) return state.walk
      if (lines !== null && !(await findLine(checkpoint, lines, state))) return state.walk
    }
    if (lines !== null) await readRest(lines, state)
    return state.walk
  } finally {
    await lines?.return?.()
  }
}

function startWalk(): State {
  return {
    lineDigest: NO_CHECKPOINT,
    lineEpoch: 0,
    storedDigest: NO_CHECKPOINT,
    branch: null,
    walk: {
      problem: null,
      anchoredThroughSeq: 0,
      unanchored: 0,
      checkpoints: 0,
      anchors: 0,
      last: null,
      ahead: null,
      restores: [],
      anchoredEpoch: 0,
      keys: [],
    },
  }
}

/** Takes the next checkpoint of the database; false where something is wrong with it. */
function takeStored(checkpoint: SignedCheckpoint, state: State): boolean {
  const { walk } = state
  const { seq, previous, publicKey } = checkpoint
  if (!isSigned(checkpoint))
    return fail(state, seq, 'checkpoint_changed', `the checkpoint at row ${seq} is not as it was signed`)
  if (previous !== state.storedDigest)
    return fail(state, (walk.last?.seq ?? 0) + 1, 'checkpoint_missing', `a checkpoint before row ${seq} is missing`)
  if (walk.keys.at(-1)?.publicKey !== publicKey) walk.keys.push({ publicKey, sinceSeq: seq })
  walk.checkpoints++
  walk.last = checkpoint
  state.storedDigest = digestCheckpoint(checkpoint)
  return true
}

/** Reads lines until the one of this checkpoint; false where something is wrong with them. The file may have ended before. */
async function findLine(
  checkpoint: SignedCheckpoint,
  lines: AsyncIterator<AnchorLine>,
  state: State,
): Promise<boolean> {
  const { walk } = state
  for (;;) {
    const next = await lines.next()
    if (next.done === true) {
      walk.unanchored++
      return true
    }
    const line = takeLine(next.value, state)
    if (line === null) return false
    if (line.digest === state.storedDigest) return arrive(checkpoint, line.digest, state)
    if (!followBranch(line, checkpoint, state)) return false
  }
}

async function readRest(lines: AsyncIterator<AnchorLine>, state: State): Promise<void> {
  for (let next = await lines.next(); next.done !== true; next = await lines.next()) {
    const line = takeLine(next.value, state)
    if (line === null || !followBranch(line, null, state)) return
  }
  if (state.branch === null) return
  const { sharedSeq, throughSeq } = state.branch
  state.walk.ahead = state.branch
  fail(
    state,
    sharedSeq + 1,
    'rolled_back',
    `rows were signed up to ${throughSeq}, but the database has signed rows up to ${sharedSeq} only: rows were cut off, or an older copy was put in its place`,
  )
}

interface Line {
  checkpoint: SignedCheckpoint
  digest: string
}

function takeLine({ line, checkpoint }: AnchorLine, state: State): Line | null {
  const { walk } = state
  if (checkpoint === null || !isSigned(checkpoint)) {
    const seq = checkpoint?.seq ?? walk.anchoredThroughSeq + 1
    fail(state, seq, 'anchor_changed', `line ${line} of the file of checkpoints is not as it was signed`)
    return null
  }
  walk.anchors++
  walk.anchoredEpoch = Math.max(walk.anchoredEpoch, checkpoint.epoch)
  return { checkpoint, digest: digestCheckpoint(checkpoint) }
}

/** The line is that of the checkpoint: both have it. A branch that was passed on the way is what a restore left behind. */
function arrive(checkpoint: SignedCheckpoint, digest: string, state: State): boolean {
  const { walk, branch } = state
  if (branch !== null) {
    if (checkpoint.epoch <= branch.epoch)
      return fail(
        state,
        branch.sharedSeq + 1,
        'rolled_back',
        `rows ${branch.sharedSeq + 1} to ${branch.throughSeq} were signed and are not here: an older copy was put in place of the database, and no restore says so`,
      )
    walk.restores.push({ ...branch, at: checkpoint.at, seq: checkpoint.seq })
    state.branch = null
  } else if (checkpoint.previous !== state.lineDigest)
    return fail(state, checkpoint.seq, 'anchor_missing', missingLine(checkpoint.seq))
  state.lineDigest = digest
  state.lineEpoch = checkpoint.epoch
  walk.anchoredThroughSeq = checkpoint.seq
  return true
}

/** The line is not that of the checkpoint that comes next in the database: it must go on from the line before it. */
function followBranch({ checkpoint, digest }: Line, stored: SignedCheckpoint | null, state: State): boolean {
  const { seq, epoch, previous } = checkpoint
  const { branch, walk } = state
  // with a higher epoch it may go on from any line: a restore within a history that was left behind by another
  if (previous === state.lineDigest || epoch > state.lineEpoch) {
    const sharedSeq = branch?.sharedSeq ?? Math.min(walk.anchoredThroughSeq, seq - 1)
    state.branch = { sharedSeq, throughSeq: Math.max(seq, branch?.throughSeq ?? 0), epoch }
    state.lineDigest = digest
    state.lineEpoch = epoch
    return true
  }
  return fail(state, Math.min(seq, stored?.seq ?? seq), 'anchor_missing', missingLine(seq))
}

function missingLine(seq: number): string {
  return `a line before that of row ${seq} is missing in the file of checkpoints`
}

/** Notes the first problem; always false. */
function fail(state: State, seq: number, code: CheckpointProblem, message: string): false {
  state.walk.problem ??= { seq, code, message }
  return false
}
