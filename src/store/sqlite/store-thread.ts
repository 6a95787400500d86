import { parentPort, workerData } from 'node:worker_threads'
import { BridgeError } from '../../errors.ts'
import { armFailpoint } from '../../failpoint.ts'
import { freeMemory, ownMemory } from '../../own-memory.ts'
import type { ClaimedJob } from '../jobs.ts'
import type { RecordedEvent } from '../receipts.ts'
import type { IntegrationState } from '../tokens.ts'
import { createAuditLog } from './audit-log.ts'
import { createBodyBlocks } from './body-blocks.ts'
import { connect } from './connect.ts'
import { readGauge, type StoreContext } from './context.ts'
import { readEpochs } from './epochs.ts'
import { createEventHashes } from './event-hashes.ts'
import { type Call, type Reply, runGroup } from './group-commit.ts'
import { type Operations, prepareOperations, type StoreMethod } from './operations.ts'
import { createPayloadWords } from './payload-words.ts'
import { readDiskFree } from './probe.ts'
import { giveBackSpace } from './prune.ts'
import { createRateWindows } from './rate-windows.ts'
import { createReceivedEvents } from './received-events.ts'
import { type FromStore, type SentEvent, type StoreThreadData, type ToStore, unpackEvent } from './wire.ts'
import { RETRY_AFTER_SEC, wireError } from './wire-error.ts'

/** How often the free disk space is looked at while deliveries are recorded. */
const DISK_CHECK_MS = 500

/** What is refused while the disk is almost full; the work on what was recorded before goes on. */
const RECORDS: ReadonlySet<StoreMethod> = new Set(['recordEvent', 'acceptRejected'])

const port = parentPort!
const data = workerData as StoreThreadData
armFailpoint(data.failpoint)

function send(message: FromStore, given: readonly ArrayBuffer[] = []): void {
  port.postMessage(message, given)
}

/** Memory of the bodies in an answer: it goes over to the caller instead of being copied. */
function bodiesOf(reply: Reply): ArrayBuffer[] {
  if (!reply.ok || !Array.isArray(reply.value)) return []
  return (reply.value as (RecordedEvent | ClaimedJob | IntegrationState | number)[]).flatMap(item => {
    if (typeof item !== 'object') return []
    const body = 'event' in item ? item.event.body : 'body' in item ? item.body : null
    return body === null ? [] : (ownMemory(body.bytes) ?? [])
  })
}

try {
  serve()
} catch (error) {
  send({ kind: 'failed', error: wireError(error) })
}

function serve(): void {
  const { db, lock } = connect(data.file)
  const epoch = readEpochs(db)
  const context: StoreContext = {
    db,
    statements: { begin: db.prepare('begin immediate'), commit: db.prepare('commit') },
    epoch,
    gauge: readGauge(db),
    blocks: createBodyBlocks(db),
    windows: createRateWindows(db, Date.now, () => performance.now()),
    audit: createAuditLog(db),
    hashes: createEventHashes(db),
    received: createReceivedEvents(db),
    words: createPayloadWords(db),
    diskFreeMinBytes: data.diskFreeMinBytes,
    file: data.file,
  }
  const prepared = prepareOperations(context)
  const operations: Operations = {
    ...prepared,
    recordEvent: sent => {
      const event = unpackEvent(sent as unknown as SentEvent)
      const recorded = prepared.recordEvent(event)
      used.add(event.body)
      return recorded
    },
  }
  let waiting: Call[] = []
  /** Bodies that are in the database now: their memory is given back at once, not when garbage is next collected. */
  const used = new Set<Uint8Array>() // a set: after a roll-back an event comes a second time

  const flush = (): void => {
    const calls = waiting
    waiting = []
    const refused = diskIsLow(context) ? calls.filter(({ method }) => RECORDS.has(method)) : []
    const replies = runGroup(
      context,
      operations,
      refused.length === 0 ? calls : calls.filter(call => !refused.includes(call)),
    )
    for (const call of refused)
      replies.push({
        id: call.id,
        ok: false,
        error: new BridgeError('store_unavailable', 'The disk is almost full', { retryAfterSec: RETRY_AFTER_SEC }),
      })
    for (const body of used) freeMemory(body)
    used.clear()
    send({ kind: 'replies', replies: replies.map(wireReply) }, replies.flatMap(bodiesOf))
    const pruned = calls.filter(call => call.method === 'prune' || call.method === 'pruneAudit').map(call => call.id)
    if (replies.some(reply => reply.ok && pruned.includes(reply.id))) tryGiveBackSpace(context)
  }

  port.on('message', (message: ToStore) => {
    if (message.kind === 'close') {
      if (waiting.length > 0) flush()
      db.close()
      lock.close()
      send({ kind: 'closed' })
      port.close()
      return
    }
    // all messages of this turn of the loop share one commit; a lone one does not wait for company
    if (waiting.length === 0) setImmediate(flush)
    waiting.push(...message.calls)
  })
  send({ kind: 'open', epoch: epoch.current })
}

/** Room given back is no promise: where the database is locked or the disk full, the next call of `prune` tries again. */
function tryGiveBackSpace(context: StoreContext): void {
  try {
    giveBackSpace(context)
  } catch (error) {
    if (wireError(error).fatal) throw error
  }
}

let diskCheckedAt = -DISK_CHECK_MS
let diskLow = false
function diskIsLow(context: StoreContext): boolean {
  const now = performance.now()
  if (now - diskCheckedAt >= DISK_CHECK_MS) {
    diskCheckedAt = now
    diskLow = readDiskFree(context.file) < context.diskFreeMinBytes
  }
  return diskLow
}

function wireReply(reply: Reply): Reply {
  return reply.ok ? reply : { id: reply.id, ok: false, error: wireError(reply.error) }
}
