import fc from 'fast-check'
import t from 'tap'
import { computeBackoff, computeCeiling } from '../../src/execute/backoff.ts'

const BACKOFF = { baseMs: 2_000, capMs: 3_600_000 }
const settings = fc
  .record({ baseMs: fc.integer({ min: 1, max: 3_600_000 }), capMs: fc.integer({ min: 1, max: 86_400_000 }) })
  .filter(({ baseMs, capMs }) => baseMs <= capMs)
const attempts = fc.integer({ min: 0, max: 1_000_000 })
const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })

t.test('a wait is a whole number of ms between nothing and the cap', async t => {
  fc.assert(
    fc.property(settings, attempts, random, (backoff, made, chance) => {
      const wait = computeBackoff(made, backoff, chance)
      return Number.isInteger(wait) && wait >= 0 && wait <= backoff.capMs && wait <= computeCeiling(made, backoff)
    }),
    { numRuns: 2_000 },
  )
  t.pass('held')
})

t.test('the ceiling grows with the attempts, doubling until the cap', async t => {
  fc.assert(
    fc.property(settings, attempts, (backoff, made) => {
      const now = computeCeiling(made, backoff)
      const next = computeCeiling(made + 1, backoff)
      return next >= now && (made === 0 || next === Math.min(now * 2, backoff.capMs) || next === backoff.capMs)
    }),
    { numRuns: 2_000 },
  )
  t.pass('held')
})

t.test('the ceilings of the defaults are 2 s, 4 s, 8 s … 1 h', async t => {
  const ceilings = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13].map(made => computeCeiling(made, BACKOFF) / 1_000)
  t.same(ceilings, [2, 4, 8, 16, 32, 64, 128, 256, 512, 1_024, 2_048, 3_600, 3_600])
  t.equal(computeCeiling(Number.MAX_SAFE_INTEGER, BACKOFF), 3_600_000)
  t.equal(computeCeiling(-5, BACKOFF), 2_000)
})

t.test('the jitter is full: waits spread over the whole of it', async t => {
  const waits = Array.from({ length: 100 }, (_, n) => computeBackoff(5, BACKOFF, n / 100))
  t.equal(Math.min(...waits), 0)
  t.ok(Math.max(...waits) > 31_000)
  t.equal(new Set(waits).size, 100)
})
