import type { Test } from 'tap'
import type { Caps, IntentAnswer } from '../../../src/store/attempts.ts'
import type { ClaimedJob } from '../../../src/store/jobs.ts'
import type { Store } from '../../../src/store/store.ts'
import {
  addJob,
  attempt,
  BOOT,
  begin,
  claim,
  claimOne,
  finishFor,
  intentFor,
  NOW,
  queuedAt,
  readJob,
  TOKEN,
  useToken,
} from '../../fixtures/drive-store.ts'
import type { OpenStore } from './store-contract.ts'

const MINUTE_MS = 60_000
const DAY_MS = 86_400_000
const THREE_A_MINUTE: Caps = { perMinuteMax: 3, perDayMax: null }

async function claimMany(store: Store, count: number, integration = 'ci'): Promise<ClaimedJob[]> {
  for (let n = 0; n < count; n++) await addJob(store, { integration })
  return claim(store, { max: count, integration })
}

function reasonOf(answer: IntentAnswer): string {
  return answer.granted ? 'granted' : answer.reason
}

export async function testIntents(t: Test, openStore: OpenStore): Promise<void> {
  t.test('an intent is on disk with all that is known before anything is sent', async t => {
    const under = await openStore(t)
    await useToken(under.store)
    const added = await addJob(under.store)
    const job = await claimOne(under.store)
    await begin(under.store, job, { step: 's', operation: 'op', effect: 'verify', variables: '{"a":1}', now: NOW + 5 })
    await under.reopen()
    t.same((await readJob(under.store, added)).history, [
      {
        step: 's',
        operation: 'op',
        effect: 'verify',
        token: TOKEN,
        variables: '{"a":1}',
        sentAt: NOW + 5,
        finishedAt: null,
        outcome: null,
        status: null,
        code: null,
        message: null,
        response: null,
      },
    ])
  })

  t.test('without a lease nothing is granted', async t => {
    const { store } = await openStore(t)
    await useToken(store)
    await addJob(store)
    const job = await claimOne(store)
    t.same(await store.recordIntent(intentFor(job, { bootId: 'boot-2' })), { granted: false, reason: 'lease_lost' })
    t.same(await store.recordIntent(intentFor({ seq: 999 })), { granted: false, reason: 'lease_lost' })
    await attempt(store, job)
    t.same(await store.recordIntent(intentFor(job)), { granted: false, reason: 'lease_lost' }, 'the job has ended')
  })

  t.test('a token that is unknown, retired or refused is not used', async t => {
    const { store } = await openStore(t)
    const [job] = await claimMany(store, 1)
    const answer = async (token: string) => reasonOf(await store.recordIntent(intentFor(job!, { token })))
    t.equal(await answer('fp-1'), 'token_refused', 'unknown')
    await useToken(store, 'ci', 'fp-1')
    await useToken(store, 'ci', 'fp-2')
    t.equal(await answer('fp-1'), 'token_refused', 'retired')
    t.equal(await answer('fp-2'), 'granted')
    await store.finishAttempt(
      finishFor(job!, 1, {
        token: 'fp-2',
        outcome: 'rejected',
        tokenAnswer: 'unauthorized',
        next: { state: 'running' },
      }),
    )
    t.equal(await answer('fp-2'), 'token_refused', 'refused')
  })

  t.test('a token of another integration is not ours', async t => {
    const { store } = await openStore(t)
    await useToken(store, 'shop')
    const [job] = await claimMany(store, 1)
    t.equal(reasonOf(await store.recordIntent(intentFor(job!))), 'token_refused')
  })

  t.test('a paused token waits until its instant, also after a restart', async t => {
    const under = await openStore(t)
    await useToken(under.store)
    const [first, second] = await claimMany(under.store, 2)
    const pausedUntil = NOW + 10_000
    await attempt(
      under.store,
      first!,
      {},
      { outcome: 'rejected', tokenAnswer: 'rate_limited', pausedUntil, next: queuedAt(NOW) },
    )
    await under.reopen()
    t.same(await under.store.recordIntent(intentFor(second!, { now: pausedUntil - 1 })), {
      granted: false,
      reason: 'paused',
      retryAt: pausedUntil,
    })
    t.equal(reasonOf(await under.store.recordIntent(intentFor(second!, { now: pausedUntil }))), 'granted')
  })

  t.test('a held integration sends nothing', async t => {
    const { store } = await openStore(t)
    await useToken(store)
    const jobs = await claimMany(store, 6)
    for (const job of jobs.slice(0, 5))
      await attempt(store, job, {}, { outcome: 'rejected', tokenAnswer: 'forbidden', next: { state: 'succeeded' } })
    t.same(await store.recordIntent(intentFor(jobs[5]!)), { granted: false, reason: 'integration_held' })
  })

  t.test('requests under way and requests ended count against the cap of a minute', async t => {
    const { store } = await openStore(t)
    await useToken(store)
    const jobs = await claimMany(store, 5)
    const now = Date.now()
    const ask = (job: ClaimedJob) => store.recordIntent(intentFor(job, { now, caps: THREE_A_MINUTE }))
    t.equal(reasonOf(await ask(jobs[0]!)), 'granted')
    t.equal(reasonOf(await ask(jobs[1]!)), 'granted')
    t.same(await store.finishAttempt(finishFor(jobs[0]!, 1, { now })), { ok: true })
    t.equal(reasonOf(await ask(jobs[2]!)), 'granted')
    const refused = await ask(jobs[3]!)
    if (refused.granted || !('retryAt' in refused)) throw new Error('expected a cap')
    t.equal(refused.reason, 'minute_cap')
    t.ok(
      refused.retryAt > now + 30_000 && refused.retryAt <= now + MINUTE_MS,
      'when the first that ended frees its slot',
    )
    t.equal(reasonOf(await store.recordIntent(intentFor(jobs[3]!, { now }))), 'granted', 'without a cap it goes out')
  })

  t.test('while every slot is taken by requests under way, one asks again soon', async t => {
    const { store } = await openStore(t)
    await useToken(store)
    const jobs = await claimMany(store, 2)
    const now = Date.now()
    const caps = { perMinuteMax: 1, perDayMax: 5 }
    await begin(store, jobs[0]!, { now, caps })
    const refused = await store.recordIntent(intentFor(jobs[1]!, { now, caps }))
    t.match(refused, { granted: false, reason: 'minute_cap' })
    t.ok(!refused.granted && 'retryAt' in refused && refused.retryAt > now && refused.retryAt <= now + 1_000)
  })

  t.test('a refused intent takes no slot', async t => {
    const { store } = await openStore(t)
    await useToken(store)
    const jobs = await claimMany(store, 3)
    const now = Date.now()
    const caps = { perMinuteMax: 2, perDayMax: null }
    for (let n = 0; n < 5; n++) await store.recordIntent(intentFor(jobs[0]!, { now, caps, bootId: 'boot-2' }))
    t.equal(reasonOf(await store.recordIntent(intentFor(jobs[0]!, { now, caps }))), 'granted')
    t.equal(reasonOf(await store.recordIntent(intentFor(jobs[1]!, { now, caps }))), 'granted')
    t.equal(reasonOf(await store.recordIntent(intentFor(jobs[2]!, { now, caps }))), 'minute_cap')
  })

  t.test('caps hold over a restart: what ended, what was under way, and nothing older', async t => {
    const under = await openStore(t)
    await useToken(under.store)
    const jobs = await claimMany(under.store, 4)
    const now = Date.now()
    const long = now - 2 * MINUTE_MS
    await attempt(under.store, jobs[0]!, { now: long }, { now: long })
    await attempt(under.store, jobs[1]!, { now: long }, { now: now - 1_000 })
    await begin(under.store, jobs[2]!, { now: long })
    await under.reopen()
    const ask = (caps: Caps) => under.store.recordIntent(intentFor(jobs[3]!, { now, caps }))
    t.equal(reasonOf(await ask({ perMinuteMax: 2, perDayMax: null })), 'minute_cap', 'counted from the end')
    t.equal(reasonOf(await ask({ perMinuteMax: null, perDayMax: 3 })), 'day_cap')
    t.equal(reasonOf(await ask({ perMinuteMax: 3, perDayMax: 4 })), 'granted', 'the oldest is out of the minute')
  })

  t.test('the cap of a day says when to come again, and counts nothing older than a day', async t => {
    const under = await openStore(t)
    await useToken(under.store)
    const jobs = await claimMany(under.store, 3)
    const now = Date.now()
    await attempt(under.store, jobs[0]!, { now: now - DAY_MS - 1_000 }, { now: now - DAY_MS - 1_000 })
    await attempt(under.store, jobs[1]!, { now: now - DAY_MS + 60_000 }, { now: now - DAY_MS + 60_000 })
    await under.reopen()
    const ask = (perDayMax: number) =>
      under.store.recordIntent(intentFor(jobs[2]!, { now, caps: { perMinuteMax: null, perDayMax } }))
    const refused = await ask(1)
    t.match(refused, { granted: false, reason: 'day_cap' })
    t.ok(!refused.granted && 'retryAt' in refused && refused.retryAt > now && refused.retryAt <= now + 60_000)
    t.equal(reasonOf(await ask(2)), 'granted')
  })

  t.test('a request lost in a crash counts against the cap from its recovery on', async t => {
    const under = await openStore(t)
    await useToken(under.store)
    const jobs = await claimMany(under.store, 2)
    const now = Date.now()
    await begin(under.store, jobs[0]!, { now: now - 10 * MINUTE_MS })
    await under.reopen()
    await under.store.recoverJobs({ bootId: 'boot-2', now, settleMs: 30_000, crashesMax: 3 })
    const [job] = await claim(under.store, { now, bootId: 'boot-2', max: 1 })
    const intent = intentFor(job!, { now, bootId: 'boot-2', caps: { perMinuteMax: 1, perDayMax: null } })
    t.equal(reasonOf(await under.store.recordIntent(intent)), 'minute_cap')
  })

  t.test('integrations have their own windows', async t => {
    const { store } = await openStore(t)
    await store.registerTokens({
      now: NOW,
      resumeHeld: false,
      tokens: ['ci', 'shop'].map(integration => ({ integration, fingerprint: TOKEN, purpose: null, owner: null })),
    })
    const [one] = await claimMany(store, 1)
    const [two] = await claimMany(store, 1, 'shop')
    const caps = { perMinuteMax: 1, perDayMax: 1 }
    t.equal(reasonOf(await store.recordIntent(intentFor(one!, { caps }))), 'granted')
    t.equal(reasonOf(await store.recordIntent(intentFor(two!, { caps, integration: 'shop' }))), 'granted')
  })

  t.test('what the job has behind it is stored with the intent', async t => {
    const under = await openStore(t)
    await useToken(under.store)
    await addJob(under.store)
    const job = await claimOne(under.store)
    const before = [{ id: 'read', operation: 'entry', data: { entry: { id: 'e' } } }]
    const doubt = { step: 'save', operation: 'createEntry', variables: { a: 1 }, before, asked: 0, failures: 0 }
    await begin(under.store, job, { effect: 'verify', progress: { done: before, doubt } })
    await under.reopen()
    await under.store.recoverJobs({ bootId: 'boot-2', now: NOW, settleMs: 1, crashesMax: 3 })
    const [again] = await claim(under.store, { now: NOW + 1, bootId: BOOT })
    t.same(again?.progress, { done: before, doubt })
  })
}
