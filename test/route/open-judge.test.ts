import { syncBuiltinESMExports } from 'node:module'
import threads from 'node:worker_threads'
import { pino } from 'pino'
import t, { type Test } from 'tap'
import type { Judge, JudgeOptions } from '../../src/route/open-judge.ts'
import { loadSetup } from '../../src/setup/load-setup.ts'
import type { Setup } from '../../src/setup/setup.ts'
import type { RecordedEvent } from '../../src/store/receipts.ts'
import { makeBridgeFolder } from '../fixtures/start-test-bridge.ts'
import { one } from '../fixtures/start-worker-bridge.ts'

/** Threads started by this process, and those of them that ended. */
const seen = { started: 0, ready: 0, ended: 0 }
class Counted extends threads.Worker {
  constructor(...args: ConstructorParameters<typeof threads.Worker>) {
    super(...args)
    seen.started++
    this.once('message', () => seen.ready++)
    this.once('exit', () => seen.ended++)
  }
}
threads.Worker = Counted
syncBuiltinESMExports()
const { openJudge } = await import('../../src/route/open-judge.ts')

async function makeSetup(t: Test, when: string): Promise<Setup> {
  const { path } = makeBridgeFolder(t, {
    mappings: { m: { ...one('x', 'renameEntry', { entryId: 'ent_free', name: 'x' }), when, source: 'zapier' } },
  })
  const loaded = await loadSetup({ cwd: path, env: {} })
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems))
  return loaded.setup
}

async function open(t: Test, options: JudgeOptions = {}): Promise<Judge> {
  Object.assign(seen, { started: 0, ready: 0, ended: 0 })
  const judge = openJudge(await makeSetup(t, 'payload.n == 1'), pino({ enabled: false }), options)
  t.teardown(() => judge.close())
  return judge
}

function makeEvents(count: number, payload: unknown = { n: 1 }): RecordedEvent[] {
  return Array.from({ length: count }, (_, i) => ({
    seq: i + 1,
    id: `evt_${i}`,
    source: 'zapier',
    type: 'x',
    key: String(i),
    method: 'POST',
    query: '',
    headers: '["content-type","application/json"]',
    body: { encoding: 'raw', bytes: new Uint8Array(Buffer.from(JSON.stringify(payload))) },
    receivedAt: 0,
    receipt: 'recorded',
  }))
}

t.test('a few small events that came in just now are judged without a thread', async t => {
  const judge = await open(t)
  const events = makeEvents(4)
  t.match(await judge.decide(events, true), [{ eventSeq: 1, outcome: 'matched' }, {}, {}, { outcome: 'matched' }])
  t.equal(seen.started, 0)
  t.strictSame(
    events.map(({ body }) => body.bytes.byteLength),
    [0, 0, 0, 0],
    'their memory is given back',
  )
})

t.test('many events, a large one, or those of before the start are judged in a thread', async t => {
  for (const [what, events, isFresh] of [
    ['many', makeEvents(5), true],
    ['a large one', makeEvents(1, { n: 1, text: 'x'.repeat(131_072) }), true],
    ['of before the start', makeEvents(1), false],
  ] as const) {
    const judge = await open(t)
    t.match(await judge.decide(events, isFresh), [{ eventSeq: 1, outcome: 'matched' }], what)
    t.equal(seen.started, 1, what)
  }
})

t.test('a burst after a quiet time does not wait until a thread has started', async t => {
  const judge = await open(t)
  const decisions = await judge.decide(makeEvents(30), true)
  t.strictSame(
    decisions?.map(({ eventSeq, outcome }) => [eventSeq, outcome]),
    Array.from({ length: 30 }, (_, i) => [i + 1, 'matched']),
  )
  t.match(seen, { started: 1, ready: 0 })
})

t.test('of a burst with a large event in it, the thread decides from there on', async t => {
  const judge = await open(t)
  const large = { n: 1, text: 'x'.repeat(131_072) }
  const events = [...makeEvents(8), ...makeEvents(8, large)].map((event, i) => ({ ...event, seq: i + 1 }))
  const decisions = await judge.decide(events, true)
  t.strictSame(
    decisions?.map(({ eventSeq, outcome }) => [eventSeq, outcome]),
    Array.from({ length: 16 }, (_, i) => [i + 1, 'matched']),
  )
  t.match(seen, { started: 1, ready: 1 })
})

t.test('more than two hundred events a second are judged in a thread, however few at once', async t => {
  const judge = await open(t, { idleMs: 50 })
  await new Promise(resolve => setTimeout(resolve, 100))
  for (let batch = 0; batch < 80 && seen.started === 0; batch++) await judge.decide(makeEvents(4), true)
  t.equal(seen.started, 1)
  while (seen.ended === 0) await new Promise(resolve => setTimeout(resolve, 5))
})

t.test('both ways decide alike, also where a condition fails or a body is no JSON', async t => {
  for (const payload of [{ n: 1 }, { n: 2 }, { m: 1 }, 'text', { n: 'x' }]) {
    const judge = await open(t)
    const here = await judge.decide(makeEvents(1, payload), true)
    const there = await judge.decide(makeEvents(1, payload), false)
    const decided = (all: typeof here) => all?.map(({ routedAt: _, ...rest }) => rest)
    t.strictSame(decided(here), decided(there), JSON.stringify(payload))
    t.equal(here?.length, 1)
  }
})

t.test('a thread takes every batch while it is there, and ends when no batch needed it for a while', async t => {
  const loads: boolean[] = []
  const judge = await open(t, { idleMs: 50, onLoad: isHigh => loads.push(isHigh) })
  await judge.decide(makeEvents(5), true)
  await judge.decide(makeEvents(1), true)
  t.equal(seen.started, 1)
  while (seen.ended === 0) await new Promise(resolve => setTimeout(resolve, 5))
  t.match(await judge.decide(makeEvents(1), true), [{ outcome: 'matched' }])
  t.equal(seen.started, 1, 'and the next light one needs none')
  t.match(await judge.decide(makeEvents(5), true), [{ outcome: 'matched' }, {}, {}, {}, {}])
  t.equal(seen.started, 2, 'and the next heavy one gets a new one')
  t.strictSame(loads, [false, true], 'and whoever asked is told')
})

t.test('another setup is in force for the next batch, with and without a thread', async t => {
  const judge = await open(t)
  const next = await makeSetup(t, 'payload.n == 2')
  judge.setSetup(next)
  t.match(await judge.decide(makeEvents(1), true), [{ outcome: 'unmatched' }])
  t.match(await judge.decide(makeEvents(1), false), [{ outcome: 'unmatched' }])
  judge.setSetup(await makeSetup(t, 'payload.n == 1'))
  t.match(await judge.decide(makeEvents(1), false), [{ outcome: 'matched' }])
})
