import fc from 'fast-check'
import t from 'tap'
import { formatSignedAt, isWithinTolerance, parseSignedAt, type TimestampUnit } from '../../src/verify/signed-at.ts'

t.test('T021 a timestamp has exactly the shape of its unit', async t => {
  t.equal(parseSignedAt('1767225600', 's'), 1_767_225_600_000)
  t.equal(parseSignedAt('1767225600123', 'ms'), 1_767_225_600_123)
  t.equal(parseSignedAt('2026-01-01T00:00:00Z', 'iso'), 1_767_225_600_000)
  t.equal(parseSignedAt('2026-01-01T01:00:00.5+01:00', 'iso'), 1_767_225_600_500)
  t.equal(parseSignedAt('2024-02-29T00:00:00Z', 'iso'), 1_709_164_800_000)
  const refused: Record<TimestampUnit, string[]> = {
    s: ['', '176722560', '1767225600000', '1767225600\n', '1767225600 ', '１７６７２２５６００'],
    ms: ['', '1767225600', '17672256001234', '1767225600.12'],
    iso: [
      '2026-01-01',
      '2026-01-01 00:00:00Z',
      '2026-01-01T00:00:00',
      '2026-02-30T00:00:00Z',
      '2026-13-01T00:00:00Z',
      '2026-01-01T24:00:00Z',
      'Thu, 01 Jan 2026 00:00:00 GMT',
      '+02026-01-01T00:00:00Z',
    ],
  }
  for (const [unit, texts] of Object.entries(refused)) {
    for (const text of texts)
      t.equal(parseSignedAt(text, unit as TimestampUnit), null, `${unit} ${JSON.stringify(text)}`)
  }
})

t.test('what is written is read back', async t => {
  const units = fc.constantFrom<TimestampUnit>('s', 'ms', 'iso')
  const instants = fc.integer({ min: 1_000_000_000_000, max: 9_999_999_999_999 })
  let read = 0
  fc.assert(
    fc.property(instants, units, (at, unit) => {
      read++
      return parseSignedAt(formatSignedAt(at, unit), unit) === (unit === 's' ? Math.floor(at / 1_000) * 1_000 : at)
    }),
  )
  t.equal(read, 100)
})

t.test('the tolerance holds in both directions and off is only null', async t => {
  t.ok(isWithinTolerance(0, 300_000, 300_000))
  t.notOk(isWithinTolerance(0, 300_001, 300_000))
  t.notOk(isWithinTolerance(300_001, 0, 300_000))
  t.ok(isWithinTolerance(0, 9e12, null))
})
