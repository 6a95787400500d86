import t from 'tap'
import {
  checkRun,
  type RunLedger,
  type StoredAttempt,
  type StoredJob,
  type TargetRequest,
} from '../fixtures/crash/check-run.ts'
import type { Flow } from '../fixtures/crash/crash-config.ts'

const ANSWERED: StoredAttempt = { effect: 'set', outcome: 'applied', code: null, sentAt: 100, finishedAt: 110 }
const DIED_AT = 1_000
const LOST: StoredAttempt = { effect: 'once', outcome: 'unknown', code: null, sentAt: 990, finishedAt: 1_500 }

function job(mapping: Flow, change: Partial<StoredJob> = {}): StoredJob {
  const attempts = [{ ...ANSWERED, effect: mapping === 'once' ? 'once' : 'set' }]
  return { mapping, state: 'succeeded', reason: null, message: null, crashes: 0, attempts, ...change }
}

function request(flow: Flow, number: number, change: Partial<TargetRequest> = {}): TargetRequest {
  const base = { integration: flow, flow, number, arrivedMs: number * 1_000, effects: 1, fault: null }
  return { ...base, effectOrder: number, ...change }
}

/** A run of one flow in which delivery n made event n, one job and one effect. */
function makeRun(flow: Flow, count = 3): RunLedger {
  const numbers = Array.from({ length: count }, (_, n) => n + 1)
  return {
    deliveries: numbers.map(number => ({
      id: `id-${number}`,
      number,
      flows: [flow],
      entry: 'entry',
      acknowledged: [`evt_${number}`, `evt_${number}`],
    })),
    events: numbers.map(seq => ({
      eventId: `evt_${seq}`,
      seq,
      key: `id-${seq}`,
      outcome: 'matched',
      jobs: [job(flow)],
    })),
    requests: numbers.map(number => request(flow, number)),
    deathsAt: [DIED_AT],
    cutsAt: [],
    caps: [{ integration: 'capped', perMinuteMax: 2 }],
    mayWait: [],
  }
}

/** The same run with one event, or its job, changed. */
function withJob(run: RunLedger, seq: number, jobs: readonly StoredJob[]): RunLedger {
  return { ...run, events: run.events.map(event => (event.seq === seq ? { ...event, jobs } : event)) }
}

function rulesOf(run: RunLedger): string[] {
  return checkRun(run).map(({ rule, subject }) => `${rule}: ${subject}`)
}

t.test('a run that kept every promise has nothing wrong with it', async t => {
  for (const flow of ['set', 'keyed', 'verify', 'once'] as const) t.same(checkRun(makeRun(flow)), [])
})

t.test('an acknowledged event that is not in the store is lost', async t => {
  const run = makeRun('set')
  const found = rulesOf({ ...run, events: run.events.slice(1), requests: run.requests.slice(1) })
  t.same(found, ['lost: delivery 1'])
})

t.test('an answer that names the event of somebody else is a loss', async t => {
  const run = makeRun('set', 2)
  const [first, second] = run.deliveries
  const found = rulesOf({ ...run, deliveries: [first!, { ...second!, acknowledged: ['evt_2', 'evt_1'] }] })
  t.same(found, ['lost: delivery 2', 'two_events: delivery 2'])
})

t.test('a delivery that was recorded twice is found, told of or not', async t => {
  const run = makeRun('keyed', 1)
  const again = { ...run.events[0]!, eventId: 'evt_9', seq: 9 }
  t.match(rulesOf({ ...run, events: [...run.events, again] }), ['two_events: delivery 1'])
})

t.test('a delivery without an answer, and an event without a delivery, are found', async t => {
  const run = makeRun('set', 1)
  t.same(rulesOf({ ...run, deliveries: [{ ...run.deliveries[0]!, acknowledged: [] }] }), ['unacknowledged: delivery 1'])
  const stray = { ...run.events[0]!, eventId: 'evt_7', seq: 7, key: 'who' }
  t.same(rulesOf({ ...run, events: [...run.events, stray] }), ['unknown_event: evt_7'])
})

t.test('an event that matched nothing, or has a job too many or too few, is found', async t => {
  const run = makeRun('set', 1)
  const event = run.events[0]!
  t.match(rulesOf({ ...run, events: [{ ...event, outcome: 'unrouted' }] }), ['not_matched: delivery 1'])
  t.match(rulesOf(withJob(run, 1, [job('set'), job('set')])), ['jobs: delivery 1'])
  t.match(rulesOf(withJob({ ...run, requests: [] }, 1, [])), ['jobs: delivery 1'])
})

t.test('a job that is not done is a violation, unless its flow may still wait', async t => {
  const run = withJob(makeRun('set', 1), 1, [job('set', { state: 'queued' })])
  t.same(rulesOf(run), ['unsettled: set 1'])
  t.same(rulesOf({ ...run, mayWait: ['set'] }), [])
})

t.test('a job that is dead, poisoned or held for another reason than doubt is a violation', async t => {
  const run = makeRun('set', 1)
  t.same(rulesOf(withJob(run, 1, [job('set', { state: 'dead', reason: 'rejected' })])), ['dead: set 1'])
  t.same(rulesOf(withJob(run, 1, [job('set', { state: 'dead', reason: 'poison' })])), ['poison: set 1'])
  t.same(rulesOf(withJob(run, 1, [job('set', { state: 'held', reason: 'in_doubt' })])), ['held: set 1'])
  const once = withJob(makeRun('once', 1), 1, [job('once', { state: 'held', reason: 'mapping_held' })])
  t.same(rulesOf(once), ['held: once 1'])
})

t.test('an effect that is missing, double or nobody’s is found', async t => {
  const run = makeRun('verify', 1)
  t.same(rulesOf({ ...run, requests: [request('verify', 1, { effects: 0, effectOrder: null })] }), [
    'missing: verify 1',
  ])
  const twice = { ...run, requests: [request('verify', 1), request('verify', 1, { effectOrder: 2 })] }
  t.same(rulesOf(withJob(twice, 1, [job('verify', { attempts: [ANSWERED, ANSWERED] })])), ['double: verify 1'])
  t.same(rulesOf({ ...run, requests: [...run.requests, request('verify', 8)] }), ['unknown_effect: verify 8'])
})

t.test('a request without an attempt on record is found', async t => {
  const run = makeRun('keyed', 1)
  const replayed = request('keyed', 1, { effects: 0, effectOrder: null })
  t.same(rulesOf({ ...run, requests: [...run.requests, replayed] }), ['no_intent: keyed 1'])
})

t.test('a `once` job whose process died over it must be held, applied or not', async t => {
  const held = job('once', { state: 'held', reason: 'in_doubt', attempts: [LOST] })
  const run = makeRun('once', 1)
  t.same(rulesOf(withJob(run, 1, [held])), [])
  t.same(rulesOf(withJob({ ...run, requests: [] }, 1, [held])), [])
  t.same(rulesOf(withJob(run, 1, [job('once', { attempts: [LOST] })])), ['in_doubt: once 1'])
})

t.test('a `once` job whose answer was spoilt or cut must be held', async t => {
  const run = makeRun('once', 1)
  const spoilt = { ...run, requests: [request('once', 1, { fault: 'reset-after' })] }
  t.same(rulesOf(spoilt), ['in_doubt: once 1'])
  t.same(rulesOf(withJob(spoilt, 1, [job('once', { state: 'held', reason: 'in_doubt' })])), [])
  const cut = job('once', { attempts: [{ ...LOST, code: 'reset', sentAt: 100, finishedAt: 201 }] })
  t.same(rulesOf(withJob({ ...run, cutsAt: [{ from: 200, to: 202 }] }, 1, [cut])), ['in_doubt: once 1'])
})

t.test('a `once` job that is held although its answer came is found', async t => {
  const run = withJob(makeRun('once', 1), 1, [job('once', { state: 'held', reason: 'in_doubt' })])
  t.same(rulesOf(run), ['in_doubt: once 1'])
  const delayed = { ...run, requests: [request('once', 1, { fault: 'delay' })] }
  t.same(rulesOf(delayed), ['in_doubt: once 1'])
})

t.test('a `once` job that was sent again although the first may have arrived is found', async t => {
  const run = makeRun('once', 1)
  const requests = [request('once', 1), request('once', 1, { effects: 0, effectOrder: null })]
  const attempts = [LOST, { ...ANSWERED, effect: 'once' }]
  t.match(rulesOf(withJob({ ...run, requests }, 1, [job('once', { attempts })])), ['double: once 1'])
})

t.test('effects of one key in another order than their events are found; other keys do not matter', async t => {
  const run = makeRun('set')
  const requests = [request('set', 1), request('set', 2, { effectOrder: 3 }), request('set', 3, { effectOrder: 2 })]
  t.same(rulesOf({ ...run, requests }), ['order: set entry'])
  const deliveries = run.deliveries.map(delivery => ({ ...delivery, entry: `entry_${delivery.number}` }))
  t.same(rulesOf({ ...run, requests, deliveries }), [])
  t.same(rulesOf({ ...makeRun('verify'), requests: requests.map(of => ({ ...of, flow: 'verify' as const })) }), [])
})

t.test('the order that counts is that of custody, not that of sending', async t => {
  const run = makeRun('set', 2)
  const events = run.events.map(event => ({ ...event, seq: 3 - event.seq }))
  t.same(rulesOf({ ...run, events }), ['order: set entry'])
})

t.test('a cap counts every request within any 60 s, queries too', async t => {
  const run = makeRun('capped')
  const at = (times: readonly number[]): RunLedger => ({
    ...run,
    requests: times.map((arrivedMs, n) => request('capped', n + 1, { arrivedMs })),
  })
  t.same(rulesOf(at([0, 1, 60_000])), [])
  t.same(rulesOf(at([0, 30_000, 59_999])), ['cap: capped'])
  const query = request('capped', 9, { flow: null, number: null, effects: 0, effectOrder: null, arrivedMs: 1_500 })
  t.same(rulesOf({ ...run, requests: [...at([0, 1_000, 70_000]).requests, query] }), ['cap: capped'])
})
