import t from 'tap'
import { parseDuration } from '../../src/config/parse-duration.ts'

t.test('a duration is a whole number and a unit', async t => {
  const cases: Record<string, number> = {
    '250ms': 250,
    '30s': 30_000,
    '5m': 300_000,
    '12h': 43_200_000,
    '180d': 15_552_000_000,
    '0s': 0,
    '36500d': 3_153_600_000_000,
  }
  for (const [text, ms] of Object.entries(cases)) t.equal(parseDuration(text), ms, text)
})

t.test('anything else is none', async t => {
  for (const text of [
    '',
    '5',
    '5 m',
    '5M',
    '-5m',
    '1.5h',
    '5min',
    '1e3s',
    '05m',
    'm',
    '5m ',
    '36501d',
    '9999999999999d',
    '∞',
  ])
    t.equal(parseDuration(text), null, text)
})
