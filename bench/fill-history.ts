import Database from 'better-sqlite3'
import { wordsOfPayload } from '../src/search/words-of-payload.ts'
import type { Recorded } from '../src/store/receipts.ts'
import { openSqliteStore } from '../src/store/sqlite/open-store.ts'
import { createGithubEvents } from './github-events.ts'

const BATCH = 500
/** Time between two events of the history: a million of them are 12 days. */
const GAP_MS = 1_000

export interface History {
  events: number
  payloadBytes: number
}

/**
 * Fills a new database with what a service leaves behind: real payloads, one job an event by one of ten mappings in three
 * integrations, one attempt a job. Of the jobs 1 in 100 is dead, 1 in 1,000 held; of the events 1 in 20 unmatched.
 * `lone`: each delivery in a commit of its own, as at a quiet service; else as many together as arrive at once. `searched`: the
 * words of the payloads are kept.
 */
export async function fillHistory(
  file: string,
  events: number,
  onProgress: (made: number) => void,
  lone = false,
  searched = false,
): Promise<History> {
  const store = await openSqliteStore({
    file,
    onFatal: error => {
      throw error
    },
  })
  const makeEvent = createGithubEvents()
  const beganAt = Date.now() - events * GAP_MS
  let payloadBytes = 0
  for (let made = 0; made < events; made += BATCH) {
    const batch = Array.from({ length: Math.min(BATCH, events - made) }, (_, n) =>
      makeEvent(made + n, beganAt + (made + n) * GAP_MS),
    )
    for (const { body } of batch) payloadBytes += body.byteLength
    const recorded: Recorded[] = []
    if (lone) for (const event of batch) recorded.push(await store.recordEvent(event))
    else recorded.push(...(await Promise.all(batch.map(event => store.recordEvent(event)))))
    const decisions = batch.map(({ type, receivedAt, body }, n) => {
      const eventSeq = recorded[n]!.eventSeq!
      const isMatched = eventSeq % 20 !== 0
      const mapping = `mapping-${eventSeq % 10}`
      return {
        eventSeq,
        type,
        outcome: isMatched ? ('matched' as const) : ('unmatched' as const),
        detail: [{ mapping, matched: isMatched, jobs: 1 }],
        routedAt: receivedAt,
        ...(searched && { words: wordsOfPayload(JSON.parse(Buffer.from(body).toString())) }),
        jobs: isMatched ? [planJob(mapping, `integration-${eventSeq % 3}`, `key-${eventSeq % 1_000}`)] : [],
      }
    })
    await store.recordRoutes({ decisions, throughSeq: recorded.at(-1)!.eventSeq! })
    onProgress(made + batch.length)
  }
  await store.close()
  endJobs(file)
  return { events, payloadBytes }
}

function planJob(mapping: string, integration: string, orderKey: string) {
  return {
    mapping,
    mappingHash: '0123456789abcdef',
    integration,
    orderKey,
    itemIndex: 0,
    item: null,
    runAt: null,
    expiresAt: null,
    coalesce: false,
    failed: null,
  }
}

/** Gives every job its end and its attempt, in one statement each: claiming a million jobs would take an hour. */
function endJobs(file: string): void {
  const db = new Database(file)
  db.exec(`
    begin;
    update job
    set state = case when seq % 1000 = 7 then 'held' when seq % 100 = 3 then 'dead' else 'succeeded' end,
      reason = case when seq % 1000 = 7 then 'in_doubt' when seq % 100 = 3 then 'rejected' end,
      message = case when seq % 100 = 3 then 'The API refused it: the content is not valid' end,
      progress = '{"done":[{"id":"saved","operation":"updateEntry","data":{"updateEntry":{"success":true,"entry":{"id":"ent_000000","slug":"a-product"}}}}],"doubt":null}',
      head = 0, attempts = 1, finished_at = created_at + 300;
    insert into attempt (job_seq, integration, token, boot_id, step, operation, effect, request_hash, variables, sent_at,
      finished_at, outcome, status)
    select seq, integration, '0123456789abcdef', '11111111-2222-3333-4444-555555555555', 'saved', 'updateEntry', 'set',
      hex(randomblob(32)), '{"entryId":"ent_' || seq || '","content":{"price":' || (seq % 900) || '}}', created_at + 100,
      created_at + 300, 'applied', 200
    from job;
    commit`)
  db.pragma('wal_checkpoint(truncate)')
  db.close()
}
