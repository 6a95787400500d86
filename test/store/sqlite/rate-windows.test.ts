import { join } from 'node:path'
import fc from 'fast-check'
import t, { type Test } from 'tap'
import type { Caps } from '../../../src/store/attempts.ts'
import { createRateWindows, type RateWindows } from '../../../src/store/sqlite/rate-windows.ts'
import { type Clock, type InProcessStore, openInProcess } from '../../fixtures/open-in-process.ts'
import { makeTempFolder } from '../../fixtures/open-temp-store.ts'

const MINUTE_MS = 60_000
const DAY_MS = 86_400_000
const START_AT = 1_800_000_000_000

const perMinute = (perMinuteMax: number): Caps => ({ perMinuteMax, perDayMax: null })
const perDay = (perDayMax: number): Caps => ({ perMinuteMax: null, perDayMax })

interface Bench {
  clock: Clock
  windows: RateWindows
  store: InProcessStore
  /** Moves both clocks. */
  pass(ms: number): void
  /** Windows as a new process would build them from the rows. */
  restart(): void
}

function openBench(t: Test): Bench {
  const clock = { wallAt: START_AT, monotonicMs: 5_000 }
  const store = openInProcess(join(makeTempFolder(t), 'bridge.db'), clock)
  t.teardown(() => store.close())
  const build = (): RateWindows =>
    createRateWindows(
      store.context.db,
      () => clock.wallAt,
      () => clock.monotonicMs,
    )
  const bench: Bench = {
    clock,
    store,
    windows: build(),
    pass(ms) {
      clock.wallAt += ms
      clock.monotonicMs += ms
    },
    restart() {
      clock.monotonicMs = 77
      bench.windows = build()
    },
  }
  return bench
}

/** A row as `recordIntent` and `finishAttempt` leave it. */
function insertAttempt({ store }: Bench, integration: string, sentAt: number, finishedAt: number | null): void {
  store.context.db
    .prepare(
      `insert into attempt (job_seq, integration, token, boot_id, step, operation, effect, request_hash, variables,
        sent_at, finished_at, outcome)
      values (1, ?, 't', 'b', 's', 'o', 'set', 'h', '{}', ?, ?, ?)`,
    )
    .run(integration, sentAt, finishedAt, finishedAt === null ? null : 'applied')
}

t.test('a slot is taken by the intent and freed a minute after the request ended', async t => {
  const { windows, pass } = openBench(t)
  t.equal(windows.blockedBy('ci', perMinute(1)), null)
  windows.take('ci', 1)
  pass(10 * MINUTE_MS)
  t.match(windows.blockedBy('ci', perMinute(1)), { cap: 'minute_cap' }, 'however long it is under way')
  windows.end('ci', 1)
  t.same(windows.blockedBy('ci', perMinute(1)), { cap: 'minute_cap', waitMs: MINUTE_MS })
  pass(MINUTE_MS - 1)
  t.same(windows.blockedBy('ci', perMinute(1)), { cap: 'minute_cap', waitMs: 1 })
  pass(1)
  t.equal(windows.blockedBy('ci', perMinute(1)), null)
})

t.test('the wait is until the oldest that ended is a minute old', async t => {
  const { windows, pass } = openBench(t)
  windows.blockedBy('ci', perMinute(2))
  for (const seq of [1, 2]) {
    windows.take('ci', seq)
    windows.end('ci', seq)
    pass(20_000)
  }
  t.same(windows.blockedBy('ci', perMinute(2)), { cap: 'minute_cap', waitMs: 20_000 })
})

t.test('the cap of a day stands before that of a minute, and lasts a day', async t => {
  const { windows, pass } = openBench(t)
  const caps = { perMinuteMax: 1, perDayMax: 1 }
  windows.blockedBy('ci', caps)
  windows.take('ci', 1)
  windows.end('ci', 1)
  t.same(windows.blockedBy('ci', caps), { cap: 'day_cap', waitMs: DAY_MS })
  pass(DAY_MS - 1)
  t.same(windows.blockedBy('ci', caps), { cap: 'day_cap', waitMs: 1 })
  pass(1)
  t.equal(windows.blockedBy('ci', caps), null)
})

t.test('ending what is not under way, or twice, frees and takes nothing', async t => {
  const { windows } = openBench(t)
  windows.blockedBy('ci', perMinute(2))
  windows.take('ci', 1)
  windows.end('ci', 99)
  windows.end('other', 1)
  windows.end('ci', 1)
  windows.end('ci', 1)
  t.equal(windows.blockedBy('ci', perMinute(2)), null)
  t.match(windows.blockedBy('ci', perMinute(1)), { cap: 'minute_cap' })
})

t.test('a jump of the wall clock frees and takes nothing', async t => {
  const { windows, clock } = openBench(t)
  windows.blockedBy('ci', perMinute(1))
  windows.take('ci', 1)
  windows.end('ci', 1)
  clock.wallAt += 2 * DAY_MS
  t.same(windows.blockedBy('ci', perMinute(1)), { cap: 'minute_cap', waitMs: MINUTE_MS })
  clock.wallAt -= 4 * DAY_MS
  t.same(windows.blockedBy('ci', perMinute(1)), { cap: 'minute_cap', waitMs: MINUTE_MS })
})

t.test('a new process reads back what earlier ones sent', async t => {
  const bench = openBench(t)
  insertAttempt(bench, 'ci', START_AT - 90_000, START_AT - 10_000)
  insertAttempt(bench, 'ci', START_AT - 90_000, START_AT - 70_000)
  insertAttempt(bench, 'ci', START_AT - DAY_MS - 60_000, START_AT - DAY_MS + 5_000)
  insertAttempt(bench, 'ci', START_AT - DAY_MS - 60_000, START_AT - DAY_MS)
  insertAttempt(bench, 'other', START_AT, START_AT)
  bench.restart()
  t.same(bench.windows.blockedBy('ci', perMinute(1)), { cap: 'minute_cap', waitMs: 50_000 })
  t.same(bench.windows.blockedBy('ci', perDay(3)), { cap: 'day_cap', waitMs: 5_000 })
  t.equal(bench.windows.blockedBy('ci', { perMinuteMax: 2, perDayMax: 4 }), null)
  bench.pass(50_000)
  t.equal(bench.windows.blockedBy('ci', perMinute(1)), null)
})

t.test('a request of an earlier process that is still open takes its slot until it is ended', async t => {
  const bench = openBench(t)
  insertAttempt(bench, 'ci', START_AT - 3_600_000, null)
  bench.restart()
  t.match(bench.windows.blockedBy('ci', perMinute(1)), { cap: 'minute_cap' })
  bench.windows.end('ci', 1)
  t.same(bench.windows.blockedBy('ci', perMinute(1)), { cap: 'minute_cap', waitMs: MINUTE_MS })
})

t.test('rows from a clock that was ahead count as just ended', async t => {
  const bench = openBench(t)
  insertAttempt(bench, 'ci', START_AT + 3_600_000, START_AT + 3_600_000)
  bench.restart()
  t.same(bench.windows.blockedBy('ci', perMinute(1)), { cap: 'minute_cap', waitMs: MINUTE_MS })
})

t.test('after a reset the rows say what was sent', async t => {
  const bench = openBench(t)
  bench.windows.blockedBy('ci', perMinute(1))
  bench.windows.take('ci', 1)
  bench.windows.reset()
  t.equal(bench.windows.blockedBy('ci', perMinute(1)), null, 'it was rolled back: there is no row')
  insertAttempt(bench, 'ci', START_AT, START_AT)
  bench.windows.reset()
  t.match(bench.windows.blockedBy('ci', perMinute(1)), { cap: 'minute_cap' })
})

t.test('no window of a minute or a day at the target ever holds more than the cap', async t => {
  const step = fc.record({
    passMs: fc.oneof(fc.integer({ min: 0, max: 40_000 }), fc.integer({ min: 0, max: DAY_MS / 3 })),
    durationMs: fc.integer({ min: 0, max: 90_000 }),
  })
  const bench = openBench(t)
  let integration = 0
  const property = fc.property(fc.array(step, { minLength: 30, maxLength: 150 }), steps => {
    const { windows, clock } = bench
    const name = `i${integration++}`
    const caps = { perMinuteMax: 3, perDayMax: 9 }
    const requests: { sentMs: number; endedMs: number }[] = []
    let lastSeq = 0
    const endDue = (): void => {
      for (const request of requests) {
        if (request.endedMs <= clock.monotonicMs) windows.end(name, requests.indexOf(request) + 1)
      }
    }
    for (const { passMs, durationMs } of steps) {
      bench.pass(passMs)
      endDue()
      if (windows.blockedBy(name, caps) !== null) continue
      windows.take(name, ++lastSeq)
      requests.push({ sentMs: clock.monotonicMs, endedMs: clock.monotonicMs + durationMs })
    }
    // the worst arrival within each request: any instant between its start and its end
    for (const [spanMs, max] of [
      [MINUTE_MS, 3],
      [DAY_MS, 9],
    ] as const) {
      for (const last of requests) {
        const from = last.sentMs - spanMs
        const within = requests.filter(other => other.sentMs <= last.sentMs && other.endedMs > from)
        if (within.length > max) return false
      }
    }
    return true
  })
  fc.assert(property, { numRuns: 300 })
  t.ok(integration >= 300)
})

t.test('a day with thousands of requests stays exact while old ones are forgotten', async t => {
  const { windows, pass } = openBench(t)
  const caps = { perMinuteMax: null, perDayMax: 3_000 }
  for (let seq = 1; seq <= 3_000; seq++) {
    if (windows.blockedBy('ci', caps) !== null) t.fail(`${seq} was refused`)
    windows.take('ci', seq)
    windows.end('ci', seq)
    pass(10_000)
  }
  const waitMs = DAY_MS - 30_000_000
  t.same(windows.blockedBy('ci', caps), { cap: 'day_cap', waitMs })
  pass(waitMs + 10_000 * 1_500)
  for (let seq = 3_001; seq <= 4_501; seq++) {
    if (windows.blockedBy('ci', caps) !== null) t.fail(`${seq} was refused`)
    windows.take('ci', seq)
    windows.end('ci', seq)
  }
  t.match(windows.blockedBy('ci', caps), { cap: 'day_cap' })
  t.match(windows.blockedBy('ci', perMinute(1_501)), { cap: 'minute_cap' })
  t.equal(windows.blockedBy('ci', perMinute(1_502)), null)
})
