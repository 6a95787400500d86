import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { NewEvent } from '../../../src/store/receipts.ts'
import { NOW } from '../../fixtures/drive-store.ts'
import { makeEvent } from '../../fixtures/make-event.ts'
import { type InProcessStore, openInProcess } from '../../fixtures/open-in-process.ts'
import { makeTempFolder } from '../../fixtures/open-temp-store.ts'

/** More than are kept in memory before they are written. */
const MANY = 9_000

function openStore(t: Test): { file: string; store: InProcessStore } {
  const file = join(makeTempFolder(t), 'bridge.db')
  return { file, store: openInProcess(file) }
}

const record = (store: InProcessStore, event: Partial<NewEvent>) => store.call('recordEvent', makeEvent(event))
const count = (store: InProcessStore): number =>
  store.context.db.prepare('select count(*) from event_hash').pluck().get() as number

t.test('an event is known by its key whether its hash is written yet or not, also after a restart', async t => {
  const { file, store } = openStore(t)
  for (let n = 0; n < MANY; n++) record(store, { key: `k${n}`, body: Buffer.from(`{"n":${n}}`) })
  t.equal(count(store), 8_192, 'written by the thousands')
  const ask = (under: InProcessStore) =>
    [0, 8_191, MANY - 1].map(n => record(under, { key: `k${n}`, body: Buffer.from(`{"n":${n}}`) }).outcome)
  t.same(ask(store), ['duplicate', 'duplicate', 'duplicate'])
  store.close()
  const again = openInProcess(file)
  t.teardown(() => again.close())
  t.same(ask(again), ['duplicate', 'duplicate', 'duplicate'])
  t.equal(record(again, { key: 'new' }).outcome, 'recorded')
})

t.test('what was signed is found again under another key', async t => {
  const { store } = openStore(t)
  t.teardown(() => store.close())
  record(store, { key: 'a', replayKey: 'signed' })
  t.equal(record(store, { key: 'b', replayKey: 'signed' }).outcome, 'replayed')
  t.equal(record(store, { source: 'other', key: 'b', replayKey: 'signed' }).outcome, 'recorded')
  for (let n = 0; n < MANY; n++) record(store, { key: `k${n}`, replayKey: `signed ${n}` })
  t.equal(record(store, { key: 'c', replayKey: 'signed' }).outcome, 'replayed')
  t.equal(record(store, { key: 'c', replayKey: `signed ${MANY - 1}` }).outcome, 'replayed')
})

t.test('an event of a group that was rolled back is not known', async t => {
  const { store } = openStore(t)
  t.teardown(() => store.close())
  const { context, operations } = store
  context.statements.begin.run()
  operations.recordEvent(makeEvent({ key: 'lost' }))
  context.db.exec('rollback')
  context.hashes.reset()
  t.same(context.hashes.find(0), [])
  Object.assign(context.gauge, { lastSeq: 0 })
  context.blocks.discard()
  t.equal(record(store, { key: 'lost' }).outcome, 'recorded')
})

t.test('retention forgets the hashes of the events it removes, written or not', async t => {
  const { store } = openStore(t)
  t.teardown(() => store.close())
  for (let n = 0; n < MANY; n++) record(store, { key: `k${n}`, receivedAt: NOW - 1_000 })
  store.call('recordRoutes', { decisions: [], throughSeq: MANY })
  const year = 366 * 86_400_000
  const pruned = store.call('prune', {
    now: NOW + year,
    payloadMs: 1,
    eventMs: 1,
    idempotencyKeyMs: 1,
    rowsMax: MANY,
  })
  t.equal(pruned.events, MANY)
  t.equal(count(store), 0)
  t.equal(record(store, { key: `k${MANY - 1}`, receivedAt: NOW - 1_000 }).outcome, 'recorded')
})
