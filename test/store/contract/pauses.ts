import type { Test } from 'tap'
import type { PausedKind } from '../../../src/store/pauses.ts'
import type { Store } from '../../../src/store/store.ts'
import {
  addJob,
  addJobs,
  begin,
  claim,
  claimEvents,
  claimOne,
  finishWith,
  inDoubtAt,
  intentFor,
  NOW,
  queuedAt,
  readJob,
  SUCCEEDED,
  useToken,
} from '../../fixtures/drive-store.ts'
import type { OpenStore } from './store-contract.ts'

const NAMES: Readonly<Record<PausedKind, string>> = { source: 'paused', integration: 'ci', mapping: 'paused' }
const by = { actor: 'ops', now: NOW }
const pause = (store: Store, kind: PausedKind, name = NAMES[kind]) =>
  store.pause({ kind, name, reason: 'maintenance', ...by })
const resume = (store: Store, kind: PausedKind, name = NAMES[kind]) => store.resume({ kind, name, ...by })
/** An event of the paused source with a job of the paused mapping. */
const addPaused = (store: Store, orderKey: string | null = null) =>
  addJobs(store, [{ mapping: 'paused', orderKey }], { event: { source: 'paused' } })

export async function testPauses(t: Test, openStore: OpenStore): Promise<void> {
  for (const kind of ['source', 'integration', 'mapping'] as const) {
    t.test(`nothing of a paused ${kind} is claimed until it is resumed, also after a restart`, async t => {
      const under = await openStore(t)
      const { eventId } = await addPaused(under.store)
      t.same(await pause(under.store, kind), {
        changed: true,
        pause: { kind, name: NAMES[kind], pausedAt: NOW, actor: 'ops', reason: 'maintenance' },
      })
      t.strictSame(await claimEvents(under.store), [])
      const later = await addPaused(under.store)
      t.strictSame(await claimEvents(under.store), [])
      t.match(await readJob(under.store, { eventId }), { state: 'queued', attempts: 0 })
      await under.reopen()
      t.strictSame(await claimEvents(under.store), [])
      t.match(await under.store.readPauses(), [{ kind, name: NAMES[kind] }])

      t.same(await resume(under.store, kind), { changed: true, pause: null })
      t.strictSame(await under.store.readPauses(), [])
      t.strictSame(await claimEvents(under.store), [eventId, later.eventId])
    })

    t.test(`a job of a ${kind} that is paused while it runs makes no further request, and keeps its place`, async t => {
      const { store } = await openStore(t)
      await useToken(store)
      const { eventId } = await addPaused(store, 'k')
      const next = await addPaused(store, 'k')
      const job = await claimOne(store)
      await begin(store, job)
      await pause(store, kind)
      t.same(await store.recordIntent(intentFor(job)), { granted: false, reason: `${kind}_paused` })
      await finishWith(store, job, queuedAt(NOW, false))
      t.strictSame(await claimEvents(store), [])
      await resume(store, kind)
      const again = await claimOne(store)
      t.equal(again.event.id, eventId, 'the first of its key goes on first')
      await begin(store, again)
      await finishWith(store, again, SUCCEEDED)
      t.strictSame(await claimEvents(store), [next.eventId])
    })
  }

  t.test('others go on: other mappings of the source, other sources of the integration', async t => {
    const { store } = await openStore(t)
    await pause(store, 'mapping')
    await addPaused(store)
    const other = await addJob(store, { mapping: 'other' })
    t.strictSame(await claimEvents(store), [other.eventId])
    await pause(store, 'source')
    await resume(store, 'mapping')
    t.strictSame(await claimEvents(store), [], 'two pauses must both end')
    await resume(store, 'source')
    t.equal((await claim(store)).length, 1)
  })

  t.test('a paused job blocks the jobs behind it in its order key, of whatever mapping they are', async t => {
    const { store } = await openStore(t)
    await pause(store, 'mapping')
    const first = await addPaused(store, 'k')
    const second = await addJob(store, { mapping: 'other', orderKey: 'k' })
    const third = await addJob(store, { mapping: 'other', orderKey: 'another' })
    t.strictSame(await claimEvents(store), [third.eventId])
    t.strictSame(await claimEvents(store), [])
    await resume(store, 'mapping')
    const job = await claimOne(store)
    t.equal(job.event.id, first.eventId)
    await finishWith(store, job, SUCCEEDED)
    t.strictSame(await claimEvents(store), [second.eventId])
  })

  t.test('a job in doubt is not asked about while it is paused, and not before it has settled', async t => {
    const { store } = await openStore(t)
    await addPaused(store)
    await finishWith(store, await claimOne(store), inDoubtAt(NOW + 1_000))
    await pause(store, 'mapping')
    t.strictSame(await claimEvents(store, { now: NOW + 2_000 }), [])
    await resume(store, 'mapping')
    t.strictSame(await claimEvents(store, { now: NOW + 999 }), [])
    t.equal((await claim(store, { now: NOW + 1_000 })).length, 1)
  })

  t.test('what was set aside comes back a part at a time, none of it lost, the oldest first', async t => {
    const { store } = await openStore(t)
    await pause(store, 'mapping')
    const count = 2_300
    const jobs = Array.from({ length: 100 }, (_, itemIndex) => ({ mapping: 'paused', itemIndex }))
    for (let n = 0; n < count / 100; n++) await addJobs(store, jobs)
    const last = await addJob(store, { mapping: 'other' })
    const claimed: string[] = []
    for (let n = 0; n < 4 && claimed.length === 0; n++) claimed.push(...(await claimEvents(store)))
    t.strictSame(claimed, [last.eventId], 'the jobs behind a long paused queue get their turn')
    await resume(store, 'mapping')
    const seqs: number[] = []
    for (let n = 0; n < 4; n++) seqs.push(...(await claim(store, { max: count })).map(({ seq }) => seq))
    t.equal(seqs.length, count)
    t.strictSame(
      seqs,
      [...seqs].sort((a, b) => a - b),
    )
  })

  t.test('paused again before all of it was let back in, nothing of it is claimed', async t => {
    const { store } = await openStore(t)
    await addPaused(store)
    await pause(store, 'mapping')
    await claim(store)
    await resume(store, 'mapping')
    t.equal((await pause(store, 'mapping')).changed, true)
    t.strictSame(await claimEvents(store), [])
    await resume(store, 'mapping')
    t.equal((await claim(store)).length, 1)
  })

  t.test('a paused job can be discarded, and its order key goes on', async t => {
    const { store } = await openStore(t)
    await pause(store, 'mapping')
    const first = await addPaused(store, 'k')
    const second = await addJob(store, { mapping: 'other', orderKey: 'k' })
    await claim(store)
    const { id } = await readJob(store, first)
    await store.discardJob({ jobId: id, version: null, ...by })
    t.strictSame(await claimEvents(store), [second.eventId])
  })

  t.test('asking for what is so already changes nothing; the first pause, its author and its reason stay', async t => {
    const { store } = await openStore(t)
    t.same(await resume(store, 'source'), { changed: false, pause: null })
    const { pause: first } = await pause(store, 'source')
    t.same(await store.pause({ kind: 'source', name: 'paused', reason: null, actor: 'other', now: NOW + 1 }), {
      changed: false,
      pause: first,
    })
  })
}
