import t from 'tap'
import { createFreshEvents } from '../../src/route/fresh-events.ts'
import type { RecordedEvent } from '../../src/store/receipts.ts'

function event(seq: number, bytes = 10): RecordedEvent {
  return { seq, body: { encoding: 'raw', bytes: new Uint8Array(bytes) } } as unknown as RecordedEvent
}
const seqs = (events: RecordedEvent[] | null): number[] | null => events?.map(({ seq }) => seq) ?? null

t.test('events come out in their order, in batches, once', async t => {
  const fresh = createFreshEvents(0)
  t.strictSame(fresh.takeAfter(0, 10), [], 'nothing newer')
  for (const seq of [1, 2, 3, 4, 5]) fresh.push(event(seq))
  t.strictSame(seqs(fresh.takeAfter(0, 2)), [1, 2])
  t.strictSame(seqs(fresh.takeAfter(2, 10)), [3, 4, 5])
  t.strictSame(fresh.takeAfter(5, 10), [])
})

t.test('what was there before this process is read from the store', async t => {
  const fresh = createFreshEvents(7)
  t.equal(fresh.takeAfter(3, 10), null)
  fresh.push(event(8))
  t.equal(fresh.takeAfter(3, 10), null)
  t.strictSame(seqs(fresh.takeAfter(7, 10)), [8])
})

t.test('a gap, and what was taken but not written, is read from the store', async t => {
  const fresh = createFreshEvents(0)
  for (const seq of [1, 2, 4]) fresh.push(event(seq))
  t.strictSame(seqs(fresh.takeAfter(0, 10)), [1, 2])
  t.equal(fresh.takeAfter(0, 10), null, 'they could not be written: memory has them no more')
  t.equal(fresh.takeAfter(2, 10), null, '3 came from elsewhere')
  t.strictSame(seqs(fresh.takeAfter(3, 10)), [4])
})

t.test('beyond 32 MiB of bodies memory is not filled, and nothing is lost', async t => {
  const fresh = createFreshEvents(0)
  const bytes = 1024 * 1024
  for (let seq = 1; seq <= 40; seq++) fresh.push(event(seq, bytes))
  let taken = 0
  for (let after = 0; ; ) {
    const events = fresh.takeAfter(after, 1_000)
    if (events === null || events.length === 0) break
    taken += events.length
    after = events.at(-1)!.seq
  }
  t.equal(taken, 32)
  t.equal(fresh.takeAfter(32, 10), null)
  fresh.push(event(41))
  t.strictSame(seqs(fresh.takeAfter(40, 10)), [41], 'there is room again')
})
