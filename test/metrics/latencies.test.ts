import fc from 'fast-check'
import t from 'tap'
import { createLatencies } from '../../src/metrics/latencies.ts'

const NOW = 1_800_000_000_000

t.test('nothing measured is no percentile', async t => {
  t.equal(createLatencies().read(NOW), null)
})

t.test('a percentile is never too low, and at most 15 % too high', async t => {
  const times = fc.array(fc.double({ min: 0.1, max: 100_000, noNaN: true }), { minLength: 1, maxLength: 300 })
  fc.assert(
    fc.property(times, all => {
      const latencies = createLatencies()
      for (const ms of all) latencies.add(ms, NOW)
      const read = latencies.read(NOW)!
      const sorted = [...all].sort((a, b) => a - b)
      return (
        [
          [0.5, read.p50Ms],
          [0.95, read.p95Ms],
          [0.99, read.p99Ms],
        ] as const
      ).every(([share, found]) => {
        const exact = sorted[Math.ceil(sorted.length * share) - 1]!
        // three digits are given
        return found >= exact * 0.994 && found <= exact * 1.156
      })
    }),
  )
  t.pass('300 times at random')
})

t.test('what is an hour old is forgotten', async t => {
  const latencies = createLatencies()
  latencies.add(50, NOW)
  t.equal(latencies.read(NOW + 3_000_000)?.count, 1)
  t.equal(latencies.read(NOW + 3_600_000), null)
  latencies.add(50, NOW + 3_600_000)
  t.equal(latencies.read(NOW + 3_600_000)?.count, 1)
})

t.test('what takes no time, or a year, has a place', async t => {
  const latencies = createLatencies()
  for (const ms of [0, 31_536_000_000]) latencies.add(ms, NOW)
  t.match(latencies.read(NOW), { count: 2, p50Ms: 0.1 })
})
