import type { Logger } from 'pino'
import { BRIDGE_ACTOR, type NewAuditEntry } from '../store/audit.ts'
import type { Store } from '../store/store.ts'
import { appendAnchors, dropTornLine, openAnchors } from './anchors.ts'
import { type AuditKey, fingerprintKey } from './audit-key.ts'
import { digestCheckpoint, NO_CHECKPOINT, type SignedCheckpoint, signCheckpoint } from './checkpoint.ts'
import { type CheckpointWalk, walkCheckpoints } from './walk-checkpoints.ts'

/** A checkpoint stands for so many rows at most (semantics.md 6). */
const CHECKPOINT_ROWS = 1_000
/** Where rows are few, there is one an hour. */
const CHECKPOINT_MS = 3_600_000
/** How often is looked whether one is due. */
const LOOK_MS = 1_000
/** Checkpoints signed, or written to the file, at once. */
const BATCH_MAX = 100

export interface CheckpointOptions {
  store: Store
  key: AuditKey
  /** See `anchorsFileOf`. */
  anchorsFile: string
  log: Logger
  now: () => number
}

export interface Checkpoints {
  /** Of the key that signs now. */
  fingerprint: string
  anchorsFile: string
  /** Up to which row this process knows checkpoints to be in the file. */
  anchoredThroughSeq(): number
  /** Why the file cannot be written now; null = it can. */
  failure(): string | null
  /** Signs what is due now. */
  check(): Promise<void>
  /** Signs the newest row, whatever is due, and ends. */
  stop(): Promise<void>
}

/**
 * Signs points of the audit while the service runs: after so many rows, after an hour, at start and at stop. Each goes into
 * the database, then into a file beside it and into the log, so that rows that are cut off, or an older copy in the place
 * of the database, are seen. A file that cannot be written holds up nothing: it is said, and tried again.
 */
export async function startCheckpoints(options: CheckpointOptions): Promise<Checkpoints> {
  const { store, key, anchorsFile, log, now } = options
  const account = (entry: Omit<NewAuditEntry, 'at' | 'actor'>): Promise<void> =>
    store.recordAudit([{ at: now(), actor: BRIDGE_ACTOR, ...entry }])
  /** Null until database and file have been compared. */
  let anchoredSeq: number | null = null
  let failure: string | null = null
  let last: Promise<void> = Promise.resolve()

  const sign = async (isForced: boolean): Promise<void> => {
    const head = await store.readAuditHead({ every: CHECKPOINT_ROWS, dueMax: BATCH_MAX })
    const { checkpoint, due, last: newest } = head
    const isDue = isForced || (checkpoint !== null && now() - checkpoint.at >= CHECKPOINT_MS)
    const signedSeq = due.at(-1)?.seq ?? checkpoint?.seq ?? 0
    const points = isDue && newest !== null && newest.seq > signedSeq && due.length < BATCH_MAX ? [...due, newest] : due
    if (points.length === 0) return
    let previous = checkpoint === null ? NO_CHECKPOINT : digestCheckpoint(checkpoint)
    const signed: SignedCheckpoint[] = []
    for (const { seq, hash } of points) {
      const one = signCheckpoint({ seq, at: now(), epoch: store.epoch, hash, previous }, key)
      previous = digestCheckpoint(one)
      signed.push(one)
    }
    await store.recordCheckpoints(signed)
    for (const checkpoint of signed) log.info({ checkpoint }, 'audit checkpoint')
    if (due.length === BATCH_MAX) await sign(isForced)
  }

  const anchor = async (afterSeq: number): Promise<void> => {
    for (let seq = afterSeq; ; ) {
      const checkpoints = await store.readCheckpoints({ afterSeq: seq, limit: BATCH_MAX })
      if (checkpoints.length === 0) return
      await appendAnchors(anchorsFile, checkpoints)
      seq = checkpoints.at(-1)!.seq
      anchoredSeq = seq
    }
  }

  /** Works on the file; where that fails, it is said once, and the next look tries again. */
  const tryOnFile = async (work: () => Promise<void>): Promise<void> => {
    try {
      await work()
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : 'an error'
      const isNew = failure === null
      failure = code
      if (!isNew) return
      log.error({ err: error }, 'the checkpoints of the audit cannot be written outside the database; trying again')
      await account({ action: 'audit.anchor_failed', target: anchorsFile, detail: { code } })
      return
    }
    if (failure !== null) log.info('the checkpoints of the audit are written outside the database again')
    failure = null
  }

  const run = (isForced: boolean): Promise<void> => {
    last = last.then(async () => {
      try {
        if (anchoredSeq === null)
          await tryOnFile(async () => {
            anchoredSeq = await compareAtStart(options, account)
          })
        await sign(isForced)
        const from = anchoredSeq
        if (from !== null) await tryOnFile(() => anchor(from))
      } catch (error) {
        log.error({ err: error }, 'the audit could not be signed; trying again')
      }
    })
    return last
  }

  await run(true)
  const timer = setInterval(() => void run(false), LOOK_MS)
  timer.unref()
  return {
    fingerprint: key.fingerprint,
    anchorsFile,
    anchoredThroughSeq: () => anchoredSeq ?? 0,
    failure: () => failure,
    check: () => run(false),
    async stop() {
      clearInterval(timer)
      await run(true)
    },
  }
}

/** Compares database and file, accounts for what they do not have in common, and gives where the file goes on. */
async function compareAtStart(
  { store, key, anchorsFile, log }: CheckpointOptions,
  account: (entry: Omit<NewAuditEntry, 'at' | 'actor'>) => Promise<void>,
): Promise<number> {
  await dropTornLine(anchorsFile)
  const lines = await openAnchors(anchorsFile)
  const walk = await walkCheckpoints(readAll(store), lines)
  const { checkpoint } = await store.readAuditHead({ every: CHECKPOINT_ROWS, dueMax: 0 })
  const { problem, ahead, unanchored, anchoredThroughSeq } = walk
  if (ahead !== null) await accountForBranch(walk, store.epoch, log, account)
  else if (problem !== null) log.error({ problem }, 'the checkpoints of the audit are not as they were signed')
  else if (unanchored > 0) await account({ action: 'audit.anchored_late', detail: { checkpoints: unanchored } })
  if (checkpoint !== null && checkpoint.publicKey !== key.publicKey) {
    const from = fingerprintKey(checkpoint.publicKey)
    log.warn({ from, to: key.fingerprint }, 'the audit is signed by another key from now on')
    await account({ action: 'audit.key_changed', target: key.fingerprint, detail: { from } })
  }
  // where something is wrong, nobody knows what the file has: only what is new goes into it
  return problem === null ? anchoredThroughSeq : (checkpoint?.seq ?? 0)
}

/**
 * The file goes on where the database does not: it is an older copy. A restore has raised its epoch (semantics.md 7), and
 * the row written here, signed at once, explains to `verifyAudit` what is not here any more. Nothing explains a copy that
 * was put there by hand.
 */
async function accountForBranch(
  { ahead, anchoredEpoch }: CheckpointWalk,
  epoch: number,
  log: Logger,
  account: (entry: Omit<NewAuditEntry, 'at' | 'actor'>) => Promise<void>,
): Promise<void> {
  const { sharedSeq, throughSeq } = ahead!
  const detail = { epoch, lostFromSeq: sharedSeq + 1, lostThroughSeq: throughSeq }
  const isRestore = epoch > anchoredEpoch
  if (isRestore) log.warn(detail, 'the database was restored: rows of the audit before it are not here')
  else log.error(detail, 'the database is an older copy, and no restore says so: rows of the audit are missing')
  await account({ action: isRestore ? 'store.restored' : 'audit.rolled_back', detail })
}

async function* readAll(store: Store): AsyncGenerator<SignedCheckpoint, void, void> {
  for (let afterSeq = 0; ; ) {
    const page = await store.readCheckpoints({ afterSeq, limit: BATCH_MAX })
    yield* page
    if (page.length < BATCH_MAX) return
    afterSeq = page.at(-1)!.seq
  }
}
