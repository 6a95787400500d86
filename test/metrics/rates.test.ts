import fc from 'fast-check'
import t from 'tap'
import { createRates } from '../../src/metrics/rates.ts'

const START = 1_800_000_000_000
const MINUTE_MS = 60_000
const HOUR_MS = 3_600_000

t.test('what happened counts for its minute, hour and day, and then no more', async t => {
  const rates = createRates()
  rates.add(START)
  rates.add(START + 1)
  t.same(rates.read(START + 1), { minute: 2, hour: 2, day: 2 })
  t.same(rates.read(START + 2 * MINUTE_MS), { minute: 0, hour: 2, day: 2 })
  t.same(rates.read(START + 2 * HOUR_MS), { minute: 0, hour: 0, day: 2 })
  t.same(rates.read(START + 25 * HOUR_MS), { minute: 0, hour: 0, day: 0 })
})

t.test('a clock that goes back makes nothing count twice, and nothing of the future count', async t => {
  const rates = createRates()
  rates.add(START + HOUR_MS)
  rates.add(START)
  t.same(rates.read(START), { minute: 1, hour: 1, day: 1 })
})

t.test(
  'the last minute is right to within five seconds, the hour to within a minute, the day to within 15',
  async t => {
    const instants = fc.array(fc.integer({ min: 0, max: 26 * HOUR_MS }), { maxLength: 200 })
    fc.assert(
      fc.property(instants, ats => {
        const rates = createRates()
        const sorted = [...ats].sort((a, b) => a - b)
        for (const at of sorted) rates.add(START + at)
        const now = START + (sorted.at(-1) ?? 0)
        const read = rates.read(now)
        for (const [span, spanMs, widthMs] of [
          ['minute', MINUTE_MS, 5_000],
          ['hour', HOUR_MS, MINUTE_MS],
          ['day', 24 * HOUR_MS, 15 * MINUTE_MS],
        ] as const) {
          const within = (ms: number): number => sorted.filter(at => START + at > now - ms).length
          if (read[span] > within(spanMs) || read[span] < within(spanMs - widthMs)) return false
        }
        return true
      }),
    )
    t.pass('200 instants at random, 100 times')
  },
)
