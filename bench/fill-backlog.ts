import { randomUUID } from 'node:crypto'
import type { NewEvent } from '../src/store/receipts.ts'
import { openSqliteStore } from '../src/store/sqlite/open-store.ts'
import { readGithubPayload } from './github-payload.ts'

const BATCH = 500

/** Writes events with one open job each straight into the database of a configuration that is not running. */
export async function fillBacklog(folder: string, jobs: number, mapping: string): Promise<void> {
  const store = await openSqliteStore({
    file: `${folder}/data/bridge.db`,
    onFatal: error => {
      throw error
    },
  })
  const { body, event: name } = readGithubPayload()
  const makeEvent = (): NewEvent => ({
    source: 'github',
    type: null,
    key: randomUUID(),
    keyWindowMs: null,
    keyRetentionMs: 86_400_000,
    replayKey: null,
    method: 'POST',
    query: '',
    headers: ['content-type', 'application/json', 'x-github-event', name],
    body,
    receivedAt: Date.now(),
    ignored: false,
  })
  for (let made = 0; made < jobs; made += BATCH) {
    const size = Math.min(BATCH, jobs - made)
    const recorded = await Promise.all(Array.from({ length: size }, () => store.recordEvent(makeEvent())))
    const seqs = recorded.map(({ eventSeq }) => eventSeq!)
    const decisions = seqs.map(eventSeq => ({
      eventSeq,
      type: `${name}.completed`,
      outcome: 'matched' as const,
      detail: [],
      routedAt: Date.now(),
      jobs: [
        {
          mapping,
          mappingHash: '',
          integration: 'bench',
          orderKey: null,
          itemIndex: 0,
          item: null,
          runAt: null,
          expiresAt: null,
          coalesce: false,
          failed: null,
        },
      ],
    }))
    await store.recordRoutes({ decisions, throughSeq: seqs.at(-1)! })
  }
  await store.close()
}
