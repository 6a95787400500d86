import t from 'tap'
import { createRejectedLog } from '../../src/source/rejected-log.ts'
import { makeRejected as sample } from '../fixtures/make-rejected.ts'

const NOON = Date.UTC(2026, 0, 1, 12)

t.test('nothing refused gives nothing to write', async t => {
  t.equal(createRejectedLog().take(), null)
})

t.test('refusals are counted by source, reason and minute', async t => {
  const log = createRejectedLog()
  for (const change of [
    {},
    { receivedAt: NOON + 59_999 },
    { receivedAt: NOON + 60_000 },
    { reason: 'signature_missing' },
    { source: 'stripe' },
  ])
    log.add(sample(change))
  t.strictSame(log.take()?.counts, [
    { source: 'github', reason: 'signature_mismatch', minuteAt: NOON, count: 2 },
    { source: 'github', reason: 'signature_mismatch', minuteAt: NOON + 60_000, count: 1 },
    { source: 'github', reason: 'signature_missing', minuteAt: NOON, count: 1 },
    { source: 'stripe', reason: 'signature_mismatch', minuteAt: NOON, count: 1 },
  ])
  t.equal(log.take(), null, 'taken once')
})

t.test('the last five of each source are kept in full, however many others are refused', async t => {
  const log = createRejectedLog()
  log.add(sample({ source: 'stripe', type: 'quiet' }))
  for (let i = 0; i < 10_000; i++) log.add(sample({ type: String(i) }))
  const batch = log.take()!
  t.strictSame(
    batch.samples.map(({ source, type }) => `${source} ${type}`),
    ['stripe quiet', ...[9995, 9996, 9997, 9998, 9999].map(i => `github ${i}`)],
  )
  t.equal(batch.counts.find(row => row.source === 'github')?.count, 10_000)
})

t.test('a body above 64 KiB is counted, not kept', async t => {
  const log = createRejectedLog()
  log.add(sample({ body: Buffer.alloc(65_537) }))
  const batch = log.take()!
  t.strictSame([batch.counts[0]?.count, batch.samples.length], [1, 0])
})

t.test('a body that did not come whole is counted, not kept', async t => {
  const log = createRejectedLog()
  log.add({ ...sample(), body: null })
  const batch = log.take()!
  t.strictSame([batch.counts[0]?.count, batch.samples.length], [1, 0])
})

t.test('a batch that could not be written is taken back, older than what came since', async t => {
  const log = createRejectedLog()
  for (const type of ['1', '2', '3']) log.add(sample({ type }))
  const batch = log.take()!
  for (const type of ['4', '5', '6']) log.add(sample({ type }))
  log.giveBack(batch)
  const again = log.take()!
  t.strictSame(
    again.samples.map(({ type }) => type),
    ['2', '3', '4', '5', '6'],
  )
  t.strictSame(
    again.counts.map(({ count }) => count),
    [6],
  )
})
