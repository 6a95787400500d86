import { Worker } from 'node:worker_threads'
import { pino } from 'pino'
import t from 'tap'
import { openRehearsal } from '../../src/rehearse/open-rehearsal.ts'
import type { RehearsalSetup } from '../../src/rehearse/rehearsal-wire.ts'
import type { PastEvent } from '../../src/store/reports.ts'

const log = pino({ enabled: false })

function setupOf(mappingsFolder: string, hashes: Record<string, string>): RehearsalSetup {
  return {
    sources: [{ name: 'open', eventType: null, form: 'fields', mayEcho: false }],
    constants: {},
    jsonDepthMax: 64,
    jobsPerEventMax: 100,
    mappingsFolder,
    schemaFile: null,
    context: { sources: new Set(['open']), integrations: new Set(['ci']), constants: {} },
    hashes,
    only: null,
  }
}

function pastEvent(seq: number, body: string): PastEvent {
  const event = {
    seq,
    id: `evt_1_${seq}`,
    source: 'open',
    type: 'a',
    key: `${seq}`,
    method: 'POST',
    query: '',
  } as const
  const headers = ['content-type', 'application/json']
  const packed = { encoding: 'raw', bytes: Buffer.from(body) } as const
  return {
    event: { ...event, headers, body: packed, receivedAt: 1, receipt: 'recorded' },
    outcome: 'unmatched',
    type: 'a',
    isEcho: false,
    jobs: [],
  }
}

/** A stand-in for the thread that ends at event 2 and hangs at event 4. */
const FRAGILE = `
  const { parentPort } = require('node:worker_threads')
  parentPort.on('message', ({ events }) => {
    if (events.some(({ event }) => event.seq === 2)) process.exit(1)
    while (events.some(({ event }) => event.seq === 4));
    parentPort.postMessage({ kind: 'page', page: { events: events.length, results: [], unchanged: { m: events.length }, skipped: {} } })
  })
  parentPort.postMessage({ kind: 'ready' })`

t.test('an event the thread ends with, or hangs on, is counted, and the others are rehearsed', async t => {
  let started = 0
  const startWorker = (): Worker => {
    started++
    return new Worker(FRAGILE, { eval: true })
  }
  const rehearsal = await openRehearsal(setupOf('', {}), log, { pageTimeMaxMs: 500, startWorker })
  t.teardown(() => rehearsal.close())
  const page = await rehearsal.rehearse([1, 2, 3, 4, 5].map(seq => pastEvent(seq, '{}')))
  t.strictSame(page, { events: 5, results: [], unchanged: { m: 3 }, skipped: { failed: 2 } })
  t.equal(started, 4, 'at first, after the page, and after each of the two')
})

t.test('events are rehearsed in the thread, with files that are in force', async t => {
  const rehearsal = await openRehearsal(setupOf(t.testdir({}), {}), log)
  t.teardown(() => rehearsal.close())
  const page = await rehearsal.rehearse([pastEvent(1, '{}'), pastEvent(2, '{"broken":')])
  t.strictSame(page, { events: 2, results: [], unchanged: {}, skipped: { unreadable: 1 } })
})

t.test('files that are not those in force are refused', async t => {
  const setup = setupOf(t.testdir({}), { publish: 'a-hash' })
  await t.rejects(openRehearsal(setup, log), { code: 'files_differ' })
})
