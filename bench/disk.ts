/**
 * How much disk an event takes with its job and attempt, and whether retention gives it back. Real GitHub payloads.
 * Asked: at most 0.25 of the payload and 1 KB an event; the longest transaction of retention is printed beside it.
 * Run: npm run bench:disk [-- events]
 */
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { openSqliteStore } from '../src/store/sqlite/open-store.ts'
import { fillHistory } from './fill-history.ts'
import { printTable } from './table.ts'

const EVENTS = Number(process.argv[2] ?? 100_000)
const PRUNE_ROWS_MAX = 500

// payloads that arrive together are compressed together; at a quiet service each is alone
printTable([await measure(false), await measure(true)])

async function measure(lone: boolean): Promise<Record<string, string | number>> {
  const folder = mkdtempSync(join(process.cwd(), '.bench-'))
  const file = join(folder, 'bridge.db')
  try {
    const { payloadBytes } = await fillHistory(file, EVENTS, () => {}, lone)
    const size = statSync(file).size
    const payload = payloadBytes / EVENTS
    const pruned = await prune(file)
    return {
      arrival: lone ? 'one by one' : 'together',
      events: EVENTS,
      'payload bytes': Math.round(payload),
      'disk bytes an event': Math.round(size / EVENTS),
      'asked at most': Math.round(0.25 * payload + 1_024),
      MB: (size / 1e6).toFixed(1),
      ...pruned,
      'MB after': (statSync(file).size / 1e6).toFixed(1),
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** Removes everything as the service does, in steps; each is waited for as a delivery behind it would. */
async function prune(file: string): Promise<Record<string, string>> {
  const store = await openSqliteStore({
    file,
    onFatal: error => {
      throw error
    },
  })
  const times: number[] = []
  const startedAt = performance.now()
  const request = { payloadMs: 0, eventMs: 0, idempotencyKeyMs: 0, rowsMax: PRUNE_ROWS_MAX }
  // two days on, no cap counts the attempts any more
  for (let more = true; more; ) {
    const beganAt = performance.now()
    ;({ more } = await store.prune({ now: Date.now() + 2 * 86_400_000, ...request }))
    times.push(performance.now() - beganAt)
  }
  const seconds = (performance.now() - startedAt) / 1_000
  await store.close()
  return {
    'steps of retention': String(times.length),
    'longest ms': Math.max(...times).toFixed(1),
    'events a second': String(Math.round(EVENTS / seconds)),
  }
}
