import type { Test } from 'tap'
import type { AuditLine, AuditQuery, NewAuditEntry } from '../../../src/store/audit.ts'
import type { Store } from '../../../src/store/store.ts'
import {
  addJob,
  addJobs,
  attempt,
  BOOT,
  claim,
  claimOne,
  DEAD,
  finishWith,
  HELD,
  inDoubtAt,
  intentFor,
  NOW,
  planJob,
  SUCCEEDED,
  TOKEN,
  useToken,
} from '../../fixtures/drive-store.ts'
import { makeEvent } from '../../fixtures/make-event.ts'
import type { OpenStore } from './store-contract.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 86_400_000

const ALL: AuditQuery = {
  beforeSeq: null,
  sinceAt: null,
  untilAt: null,
  source: null,
  mapping: null,
  integration: null,
  limit: 100,
  actor: null,
  actions: null,
  eventId: null,
  jobId: null,
  target: null,
  q: null,
}

async function list(store: Store, change: Partial<AuditQuery> = {}): Promise<AuditLine[]> {
  const entries: AuditLine[] = []
  let beforeSeq: number | null = change.beforeSeq ?? null
  do {
    const page = await store.listAudit({ ...ALL, ...change, beforeSeq })
    entries.push(...page.entries)
    beforeSeq = page.nextSeq
  } while (beforeSeq !== null)
  return entries
}

/** What was done, oldest first. */
async function actionsOf(store: Store, change: Partial<AuditQuery> = {}): Promise<string[]> {
  return (await list(store, change)).map(({ action }) => action).reverse()
}

function detailOf(entry: AuditLine | undefined): unknown {
  return JSON.parse(entry?.detail ?? 'null')
}

export async function testAuditing(t: Test, openStore: OpenStore): Promise<void> {
  t.test('an event is accounted for in one row, with what was made of it and the hash of its payload', async t => {
    const under = await openStore(t)
    const { eventId } = await addJobs(under.store, [{}, { itemIndex: 1 }], {
      event: { body: Buffer.from('abc'), receivedAt: NOW - 5 },
    })
    const [entry, ...others] = await list(under.store)
    t.same(others, [])
    t.match(entry, {
      seq: 1,
      at: NOW,
      actor: 'bridge',
      action: 'event.mapped',
      source: 'github',
      integration: 'ci',
      mapping: 'publish',
      eventId,
      jobId: null,
      payloadHash: 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    })
    t.same(detailOf(entry), { receivedAt: NOW - 5, bytes: 3, jobs: { publish: 2 } })
  })

  // what an earlier process recorded is routed by a later one
  t.test('an event is accounted for the same way after a restart', async t => {
    const under = await openStore(t)
    const { eventSeq } = await under.store.recordEvent(makeEvent({ body: Buffer.from('abc') }))
    await under.reopen()
    const decision = {
      eventSeq: eventSeq!,
      type: 'push',
      outcome: 'unmatched',
      detail: [],
      jobs: [],
      routedAt: NOW,
    } as const
    await under.store.recordRoutes({ throughSeq: eventSeq!, decisions: [decision] })
    t.match(await list(under.store), [
      { action: 'event.unmatched', target: 'push', mapping: null, payloadHash: /^ba7816bf/ },
    ])
  })

  t.test('what is not routed is accounted for when it is recorded', async t => {
    const { store } = await openStore(t)
    const event = makeEvent({ ignored: true })
    await store.recordEvent(event)
    await store.recordEvent({ ...event, body: Buffer.from('other') })
    t.same(await actionsOf(store), ['event.ignored', 'event.id_conflict'])
  })

  t.test('redeliveries of one event are accounted for once an hour, with their count', async t => {
    const { store } = await openStore(t)
    const event = makeEvent()
    await store.recordEvent(event)
    for (let n = 0; n < 50; n++) await store.recordEvent({ ...event, receivedAt: NOW + n })
    await store.recordEvent({ ...event, receivedAt: NOW + HOUR_MS })
    const entries = (await list(store)).filter(({ action }) => action === 'event.redelivered')
    t.same(entries.map(detailOf), [
      { outcome: 'duplicate', count: 51 },
      { outcome: 'duplicate', count: 1 },
    ])
  })

  t.test('refused deliveries are accounted for once a source, reason and minute, when it is over', async t => {
    const { store } = await openStore(t)
    const minuteAt = Math.floor(NOW / 60_000) * 60_000
    const reject = (at: number, reason: string, count: number) =>
      store.recordRejected({ counts: [{ source: 's', reason, minuteAt: at, count }], samples: [] })
    for (let n = 0; n < 30; n++) await reject(minuteAt, 'bad_signature', 2)
    await reject(minuteAt, 'stale', 1)
    t.same(await list(store), [])
    await reject(minuteAt + 60_000, 'stale', 1)
    const entries = await list(store)
    t.same(entries.map(detailOf), [
      { reason: 'stale', minute: new Date(minuteAt).toISOString(), count: 1 },
      { reason: 'bad_signature', minute: new Date(minuteAt).toISOString(), count: 60 },
    ])
    t.ok(entries.every(({ action, source }) => action === 'delivery.rejected' && source === 's'))
  })

  t.test('attempts and ends of jobs are accounted for with them', async t => {
    const { store } = await openStore(t)
    await useToken(store)
    const { eventId } = await addJob(store)
    const job = await claimOne(store)
    await attempt(store, job, {}, { outcome: 'rejected', status: 422, code: 'x', next: DEAD })
    t.same(await actionsOf(store, { jobId: job.id }), ['attempt.rejected', 'job.dead'])
    const [dead, attempted] = await list(store, { eventId })
    t.match(attempted, { integration: 'ci', mapping: 'publish', eventId, jobId: job.id, target: 'createEntry' })
    t.match(detailOf(attempted), { step: 'save', token: TOKEN, status: 422, code: 'x', request: /./ })
    t.same(detailOf(dead), { reason: 'rejected' }, 'a message may repeat a value of the payload')
    for (const next of [SUCCEEDED, HELD, inDoubtAt(NOW)]) {
      await addJob(store)
      const other = await claimOne(store)
      await finishWith(store, other, next)
      t.same(await actionsOf(store, { jobId: other.id }), [`job.${next.state}`])
    }
  })

  t.test('what takes a job out of the way is accounted for', async t => {
    const { store } = await openStore(t)
    await addJob(store, { orderKey: 'k', coalesce: true })
    await addJob(store, { orderKey: 'k', coalesce: true })
    const { eventSeq } = await store.recordEvent(makeEvent())
    const failed = { reason: 'missing_key', message: 'no such key' }
    await store.recordRoutes({
      throughSeq: eventSeq!,
      decisions: [
        { eventSeq: eventSeq!, type: null, outcome: 'matched', detail: [], jobs: [planJob({ failed })], routedAt: NOW },
      ],
    })
    t.same(await actionsOf(store), ['event.mapped', 'event.mapped', 'job.superseded', 'event.mapped', 'job.dead'])
  })

  t.test('what a death of the process interrupted is accounted for', async t => {
    const { store } = await openStore(t)
    await useToken(store)
    await addJob(store)
    await addJob(store)
    const [one] = await claim(store)
    await store.recordIntent(intentFor(one!, { effect: 'set' }))
    await store.recoverJobs({ bootId: `${BOOT}-2`, now: NOW, settleMs: 1, crashesMax: 3 })
    const actions = (await actionsOf(store)).slice(3)
    t.same(actions, ['attempt.unknown', 'job.recovered', 'job.recovered'])
  })

  t.test('tokens are accounted for where they come, go, and are refused', async t => {
    const { store } = await openStore(t)
    const token = (fingerprint: string) => ({ integration: 'ci', fingerprint, purpose: null, owner: null })
    const register = (fingerprint: string) =>
      store.registerTokens({ now: NOW, resumeHeld: false, tokens: [token(fingerprint)] })
    await register('one')
    await register('one')
    await register('two')
    t.same((await list(store)).map(({ action, target }) => `${action} ${target}`).reverse(), [
      'token.registered one',
      'token.registered two',
      'token.retired one',
      'token.rotated two',
    ])
    await store.registerTokens({ now: NOW, resumeHeld: false, tokens: [token(TOKEN)] })
    await addJob(store)
    await attempt(store, await claimOne(store), {}, { tokenAnswer: 'unauthorized', next: HELD })
    await store.recordProbe({ integration: 'ci', token: TOKEN, answer: 'unauthorized', pausedUntil: null, now: NOW })
    await store.recordProbe({ integration: 'ci', token: TOKEN, answer: 'ok', pausedUntil: null, now: NOW })
    const refused = await list(store, { target: TOKEN })
    t.same(refused.map(({ action }) => action).reverse(), [
      'token.registered',
      'token.rotated',
      'token.refused',
      'token.accepted',
    ])
  })

  t.test('what fails leaves no row and no gap', async t => {
    const { store } = await openStore(t)
    const note = (change: Partial<NewAuditEntry>): NewAuditEntry => ({
      at: NOW,
      actor: 'bridge',
      action: 'job.dead',
      ...change,
    })
    await store.recordAudit([note({})])
    const results = await Promise.allSettled([
      store.recordAudit([note({ source: 'a' })]),
      store.recordAudit([note({ source: 'b' }), note({ at: 0.5 })]),
      store.recordAudit([note({ source: 'c' })]),
    ])
    t.same(
      results.map(({ status }) => status),
      ['fulfilled', 'rejected', 'fulfilled'],
    )
    t.same(
      (await list(store)).map(({ seq, source }) => [seq, source]),
      [
        [3, 'c'],
        [2, 'a'],
        [1, null],
      ],
    )
  })

  t.test('filters combine, and text is looked for as it is', async t => {
    const { store } = await openStore(t)
    const entries: Partial<NewAuditEntry>[] = [
      { action: 'job.dead', source: 'a', integration: 'x', mapping: 'm', detail: { message: '100% of_it' } },
      { action: 'event.mapped', source: 'b', target: 'push', detail: { message: 'Über 100' } },
      { action: 'job.retried', actor: 'admin:ops', integration: 'x', target: 'push' },
      { action: 'attempt.applied', integration: 'x', mapping: 'n', detail: { status: 200 } },
    ]
    await store.recordAudit(
      entries.map((entry, n) => ({ at: NOW + n * 1_000, actor: 'bridge', action: 'job.dead', ...entry })),
    )
    const ask = async (change: Partial<AuditQuery>) => (await list(store, change)).map(({ seq }) => seq)
    t.same(await ask({}), [4, 3, 2, 1])
    t.same(await ask({ limit: 1 }), [4, 3, 2, 1], 'page by page')
    t.same(await ask({ actor: 'admin:ops' }), [3])
    t.same(await ask({ actor: 'bridge' }), [4, 2, 1])
    t.same(await ask({ actor: 'bridge', integration: 'x' }), [4, 1])
    t.same(await ask({ actions: ['job.dead'] }), [1])
    t.same(await ask({ actions: ['event.mapped'] }), [2])
    t.same(await ask({ actions: ['job.dead', 'attempt.applied'] }), [4, 1])
    t.same(await ask({ source: 'a', mapping: 'm' }), [1])
    t.same(await ask({ target: 'push' }), [3, 2])
    t.same(await ask({ q: '100' }), [2, 1])
    t.same(await ask({ q: '100%' }), [1])
    t.same(await ask({ q: '_' }), [1])
    t.same(await ask({ q: 'MESSAGE' }), [2, 1])
    t.same(await ask({ q: '%', source: 'b' }), [])
    t.same(await ask({ sinceAt: NOW + 1_000, untilAt: NOW + 3_000 }), [3, 2])
    t.same(await ask({ source: "' or 1=1 --" }), [])
    t.same(await ask({ eventId: 'evt_9_9' }), [])
    t.same(await ask({ jobId: 'nothing' }), [])
  })

  t.test('pages neither repeat nor miss a row while others come in, and a call looks at a bounded number', async t => {
    const { store } = await openStore(t)
    const add = (count: number, change: Partial<NewAuditEntry> = {}) =>
      store.recordAudit(
        Array.from({ length: count }, () => ({
          at: NOW,
          actor: 'bridge',
          action: 'event.unmatched' as const,
          ...change,
        })),
      )
    await add(1, { source: 'rare' })
    await add(12_000)
    const seen: number[] = []
    let beforeSeq: number | null = null
    let calls = 0
    do {
      const page = await store.listAudit({ ...ALL, source: 'rare', beforeSeq })
      seen.push(...page.entries.map(({ seq }) => seq))
      beforeSeq = page.nextSeq
      calls++
      await add(1)
    } while (beforeSeq !== null)
    t.same(seen, [1])
    t.equal(calls, 3)
  })

  t.test('an export gives every row once, oldest first', async t => {
    const { store } = await openStore(t)
    await store.recordAudit(
      Array.from({ length: 12_000 }, (_, n) => ({
        at: NOW + n,
        actor: n % 3_000 === 0 ? 'admin:ops' : 'bridge',
        action: 'event.unmatched' as const,
      })),
    )
    const read = async (change: Partial<AuditQuery>): Promise<number[]> => {
      const seqs: number[] = []
      for (let afterSeq: number | null = 0; afterSeq !== null; ) {
        const page = await store.exportAudit({
          filters: { ...ALL, ...change },
          afterSeq,
          throughSeq: 11_000,
          limit: 500,
        })
        seqs.push(...page.entries.map(({ seq }) => seq))
        afterSeq = page.nextSeq
      }
      return seqs
    }
    t.same(
      await read({}),
      Array.from({ length: 11_000 }, (_, n) => n + 1),
    )
    t.same(await read({ actor: 'admin:ops' }), [1, 3_001, 6_001, 9_001])
    t.same(await read({ actor: 'bridge', sinceAt: NOW + 10_998 }), [10_999, 11_000])
  })

  t.test('retention removes whole segments between checkpoints, and says so', async t => {
    const { store } = await openStore(t)
    const at = NOW - 500 * DAY_MS
    const add = (count: number) =>
      store.recordAudit(Array.from({ length: count }, () => ({ at, actor: 'bridge', action: 'event.echo' as const })))
    const sign = (seq: number, signedAt: number) =>
      store.recordCheckpoints([
        { seq, at: signedAt, epoch: 1, hash: 'h', previous: 'p', publicKey: 'k', signature: 's' },
      ])
    const prune = () => store.pruneAudit({ now: NOW, auditMs: 400 * DAY_MS })
    await add(5)
    t.same(await prune(), { rows: 0, more: false }, 'not without a checkpoint')
    await sign(3, at)
    await sign(5, NOW - 399 * DAY_MS)
    t.same(await prune(), { rows: 3, more: true })
    t.same(await prune(), { rows: 0, more: false }, 'not before its checkpoint is old enough')
    const entries = await list(store)
    t.same(
      entries.map(({ seq }) => seq),
      [6, 5, 4],
    )
    t.same(detailOf(entries[0]), { fromSeq: 1, throughSeq: 3, rows: 3 })
    t.equal((await store.readCheckpoints({ afterSeq: 0, limit: 5 })).length, 2, 'checkpoints stay')
  })

  t.test('points to be signed are whole multiples of the interval, a bounded number at once', async t => {
    const under = await openStore(t)
    t.same(await under.store.readAuditHead({ every: 2, dueMax: 5 }), { last: null, checkpoint: null, due: [] })
    const entries = Array.from({ length: 9 }, () => ({ at: NOW, actor: 'bridge', action: 'event.echo' as const }))
    await under.store.recordAudit(entries)
    await under.reopen()
    const { last, due } = await under.store.readAuditHead({ every: 2, dueMax: 3 })
    t.match(last, { seq: 9, hash: /^[0-9a-f]{64}$/ })
    t.same(
      due.map(({ seq }) => seq),
      [2, 4, 6],
    )
    const checkpoint = { seq: 5, at: NOW, epoch: 1, hash: 'h', previous: 'p', publicKey: 'k', signature: 's' }
    await under.store.recordCheckpoints([checkpoint])
    const next = await under.store.readAuditHead({ every: 2, dueMax: 9 })
    t.same(next.checkpoint, checkpoint)
    t.same(
      next.due.map(({ seq }) => seq),
      [6, 8],
    )
  })
}
