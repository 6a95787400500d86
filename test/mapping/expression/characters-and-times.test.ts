import t from 'tap'
import { checkEach, evaluateText } from '../../fixtures/evaluate-text.ts'

t.test('places in a text count characters, as size does', async t => {
  checkEach(t, [
    ['"👍a".substring(0, 1)', '👍'],
    ['"👍a".substring(1)', 'a'],
    ['"a👍b".substring(0, size("a👍b") - 1)', 'a👍'],
    ['"a👍b👍".indexOf("b")', 2],
    ['"a👍b👍".indexOf("👍", 2)', 3],
    ['"a👍b👍".lastIndexOf("👍")', 3],
    ['"a👍b👍".lastIndexOf("👍", 2)', 1],
    ['"abc".substring(3)', ''],
  ])
  for (const wrong of ['"👍a".substring(3)', '"abc".substring(-1)', '"abc".substring(1, 9)', '"abc".substring(2, 1)'])
    t.match(evaluateText(wrong), /^invalid_value/, wrong)
})

t.test('a timestamp is read as every time is: no date that does not exist, no zone of the server', async t => {
  checkEach(
    t,
    [
      ['timestamp("2026-03-10")', '2026-03-10T00:00:00.000Z'],
      ['timestamp("2026-03-10 15:04:05")', '2026-03-10T15:04:05.000Z'],
      ['timestamp(payload.seconds) == timestamp(payload.milliseconds)', true],
      ['timestamp(timestamp("2026-03-10"))', '2026-03-10T00:00:00.000Z'],
    ],
    { seconds: 1773155045, milliseconds: 1773155045000 },
  )
  for (const wrong of ['2026-02-30T00:00:00Z', 'July 1, 2026, 12:00:00', '2026-03-10T15:04:05+25:00'])
    t.match(evaluateText(`timestamp("${wrong}")`), /^invalid_value/, wrong)
})

t.test('parts of a timestamp are those of the zone that is named, wherever the server is', async t => {
  const zone = process.env.TZ
  t.teardown(() => {
    if (zone === undefined) delete process.env.TZ
    else process.env.TZ = zone
  })
  process.env.TZ = 'Europe/Berlin'
  checkEach(t, [
    ['timestamp("2026-07-01T12:00:00Z").getDayOfYear()', 181],
    ['timestamp("2026-01-01T00:00:00Z").getDayOfYear()', 0],
    ['timestamp("2026-12-31T23:00:00Z").getDayOfYear("Europe/Berlin")', 0],
    ['timestamp("2026-03-29T02:30:00Z").getHours("UTC")', 2],
    ['timestamp("2026-03-29T02:30:00Z").getHours("Africa/Abidjan")', 2],
    ['timestamp("0050-03-29T02:30:00Z").getFullYear("UTC")', 50],
    ['timestamp("2026-07-01T23:30:00.123Z").getMilliseconds("Europe/Berlin")', 123],
    ['timestamp("2026-07-01T23:30:00Z").getDayOfMonth("Europe/Berlin")', 1],
    ['timestamp("2026-07-01T23:30:00Z").getDate("Europe/Berlin")', 2],
    ['timestamp("2026-07-01T23:30:00Z").getDayOfWeek("Europe/Berlin")', 4],
    ['timestamp("2026-07-01T23:30:00Z").getMonth("Europe/Berlin")', 6],
  ])
  t.match(
    evaluateText('timestamp("2026-07-01T23:30:00Z").getHours("Europe/Berln")'),
    'unknown time zone "Europe/Berln"',
  )
  t.match(evaluateText('timestamp("2026-07-01T23:30:00Z").getHours(payload.zone)', { zone: 'x' }), /unknown time zone/)
})

t.test('a text without digits is no whole number', async t => {
  for (const text of ['', ' ', '0b1', '0o7', '0x1', '1.5', '-', '1e3'])
    for (const name of ['int', 'uint'])
      t.match(evaluateText(`${name}(payload.a)`, { a: text }), /^invalid_value/, `${name} ${text}`)
  checkEach(t, [['int(payload.a)', -12]], { a: '-12' })
})

t.test('lookup reads a member by a number as an index does', async t => {
  checkEach(
    t,
    [
      ['lookup({"4": "sales"}, payload.score, "other")', 'sales'],
      ['lookup({4: "sales"}, 4, "other")', 'sales'],
      ['lookup({true: "yes"}, payload.ok, "no")', 'yes'],
      ['lookup({"4": "sales"}, 5, "other")', 'other'],
      ['lookup({"4": "sales"}, payload.list, "other")', 'other'],
    ],
    { score: 4, ok: true, list: [4] },
  )
})
