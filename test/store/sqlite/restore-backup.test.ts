import { join } from 'node:path'
import t, { type Test } from 'tap'
import { checkCopy } from '../../../src/store/sqlite/check-copy.ts'
import { openSqliteStore } from '../../../src/store/sqlite/open-store.ts'
import { restoreBackup } from '../../../src/store/sqlite/restore-backup.ts'
import type { Store } from '../../../src/store/store.ts'
import {
  addJob,
  attempt,
  begin,
  claim,
  claimOne,
  DEAD,
  finishFor,
  finishWith,
  HELD,
  NOW,
  planJob,
  readJob,
  useToken,
} from '../../fixtures/drive-store.ts'
import { makeEvent } from '../../fixtures/make-event.ts'
import { openTempStore, type TempStore } from '../../fixtures/open-temp-store.ts'

/** Backs the store up, lets `since` go on with it, and gives the store that the backup became. */
async function restoreAfter(t: Test, under: TempStore, since: (store: Store) => Promise<void>): Promise<Store> {
  const target = join(t.testdir(), 'copy.db')
  const facts = await under.store.backUp({ target, signal: new AbortController().signal })
  t.same(facts, checkCopy(target), 'what it says is what is in it')
  await since(under.store)
  await under.store.close()
  restoreBackup({ backup: target, facts, file: under.file, now: NOW })
  const store = await openSqliteStore({ file: under.file, onFatal: error => under.fatal.push(error) })
  t.teardown(() => store.close())
  return store
}

const nothing = async (): Promise<void> => {}

t.test('ids stay those of their rows, and what comes after a restore has others than what was lost', async t => {
  const under = await openTempStore(t)
  const event = makeEvent()
  const kept = await under.store.recordEvent(event)
  let lost = ''
  const store = await restoreAfter(t, under, async store => {
    lost = (await store.recordEvent(makeEvent({ key: 'lost' }))).eventId
  })
  t.equal(store.epoch, 2)
  t.equal((await store.readEvent(kept.eventId))?.event.id, kept.eventId)
  t.equal(await store.readEvent(lost), null)
  const again = await store.recordEvent(makeEvent({ key: 'lost' }))
  t.equal(again.outcome, 'recorded', 'a redelivery of what was lost is new')
  t.not(again.eventId, lost)
  t.equal(await store.readEvent(lost), null, 'the id of what was lost is no other row')
  t.equal((await store.readEvent(again.eventId))?.event.key, 'lost')
  t.equal((await store.recordEvent(event)).eventId, kept.eventId, 'a redelivery of what was kept is a duplicate of it')
})

t.test('an event that was not routed in the backup makes a job whose writes are asked for', async t => {
  const under = await openTempStore(t)
  const event = await under.store.recordEvent(makeEvent())
  const store = await restoreAfter(t, under, nothing)
  await store.recordRoutes({
    throughSeq: event.eventSeq!,
    decisions: [
      { eventSeq: event.eventSeq!, type: null, outcome: 'matched', detail: [], jobs: [planJob()], routedAt: NOW },
    ],
  })
  t.equal((await claimOne(store)).restored, 'unsure')
})

t.test('jobs that were open or dead are doubted, those that were done and those that are new are not', async t => {
  const under = await openTempStore(t)
  await useToken(under.store)
  const done = await addJob(under.store)
  await attempt(under.store, await claimOne(under.store))
  const dead = await addJob(under.store)
  await finishWith(under.store, await claimOne(under.store), DEAD)
  await addJob(under.store)
  const store = await restoreAfter(t, under, nothing)
  await addJob(store)
  t.equal((await readJob(store, done)).state, 'succeeded')
  const { id: jobId } = await readJob(store, dead)
  const act = { jobId, version: null, actor: 'ops', now: NOW, fromStart: false, force: false }
  t.match(await store.retryJob(act), { ok: true, id: jobId })
  t.same((await claim(store)).map(({ restored }) => restored).sort(), [null, 'unsure', 'unsure'])
})

t.test('the doubt of a restore ends where a write is found not to be there, and nowhere else', async t => {
  for (const [isAbsent, left] of [
    [false, 'unsure'],
    [true, null],
  ] as const) {
    const under = await openTempStore(t)
    await useToken(under.store)
    await addJob(under.store)
    const store = await restoreAfter(t, under, nothing)
    const job = await claimOne(store)
    const attemptSeq = await begin(store, job, { effect: 'read' })
    const next = { state: 'queued', nextAttemptAt: NOW, counts: false, reason: 'r', message: 'm' } as const
    t.same(await store.finishAttempt(finishFor(job, attemptSeq, { next, isAbsent })), { ok: true })
    t.equal((await claimOne(store)).restored, left)
  }
})

t.test("a person's word ends it: not applied, or from the start; a retry of another hold does not", async t => {
  const doubt = { step: 's', operation: 'o', variables: {}, before: [], asked: 0, failures: 0 }
  const hold = async (reason: string, withDoubt: boolean) => {
    const under = await openTempStore(t)
    await useToken(under.store)
    const added = await addJob(under.store, { orderKey: 'k' })
    await addJob(under.store, { orderKey: 'k' })
    const store = await restoreAfter(t, under, nothing)
    const { seq: jobSeq } = await claimOne(store)
    const next = { ...HELD, reason } as typeof HELD
    const progress = { done: [], doubt: withDoubt ? doubt : null }
    await store.finishJob({ jobSeq, bootId: 'boot-1', now: NOW, next, progress })
    const { id: jobId } = await readJob(store, added)
    return { store, act: { jobId, version: null, actor: 'ops', now: NOW, force: false } }
  }
  const restoredOf = async (store: Store) => (await claimOne(store)).restored

  const settled = await hold('in_doubt', true)
  await settled.store.settleJob({ ...settled.act, applied: false, result: null })
  t.equal(await restoredOf(settled.store), null)
  const applied = await hold('in_doubt', true)
  await applied.store.settleJob({ ...applied.act, applied: true, result: null })
  t.equal(await restoredOf(applied.store), 'unsure', 'what comes after it may be done too')
  const anew = await hold('restored', false)
  await anew.store.retryJob({ ...anew.act, fromStart: true })
  t.equal(await restoredOf(anew.store), null)
  const other = await hold('mapping_missing', false)
  await other.store.retryJob({ ...other.act, fromStart: false })
  t.equal(await restoredOf(other.store), 'unsure')
  const repeat = await hold('restored', false)
  await repeat.store.retryJob({ ...repeat.act, fromStart: false })
  const first = await claimOne(repeat.store)
  t.equal(first.restored, 'repeat')
  await finishWith(repeat.store, first, DEAD)
  t.equal(await restoredOf(repeat.store), 'repeat', 'and those of its key with it')
})
