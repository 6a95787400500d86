import t from 'tap'
import { judgeAlone } from '../../src/route/judge-alone.ts'
import type { Judge } from '../../src/route/open-judge.ts'
import type { RecordedEvent } from '../../src/store/receipts.ts'
import type { RouteDecision } from '../../src/store/routes.ts'

/** A judge whose thread ends at certain events, as often as told. */
function makeJudge(crashesOf: Record<number, number>): { judge: Judge; asked: number[] } {
  const asked: number[] = []
  const judge: Judge = {
    async decide(events) {
      const { seq } = events[0]!
      asked.push(seq)
      const left = crashesOf[seq] ?? 0
      crashesOf[seq] = left - 1
      if (left > 0) return null
      return [
        { eventSeq: seq, type: null, outcome: 'unmatched', detail: [], jobs: [], routedAt: 0 } satisfies RouteDecision,
      ]
    },
    setSetup() {},
    async close() {},
  }
  return { judge, asked }
}
const read = async (seq: number) => ({ seq, type: null }) as unknown as RecordedEvent

t.test('T126 the event that ends the judging thread three times is quarantined, the others are judged', async t => {
  const { judge, asked } = makeJudge({ 2: 100 })
  const decisions = await judgeAlone(judge, [1, 2, 3], read)
  t.strictSame(
    decisions.map(({ eventSeq, outcome }) => `${eventSeq} ${outcome}`),
    ['1 unmatched', '2 quarantined', '3 unmatched'],
  )
  t.match(decisions[1], { detail: { reason: 'poison' }, jobs: [] })
  t.strictSame(asked, [1, 2, 2, 2, 3])
})

t.test('one that does so only once or twice is judged', async t => {
  const { judge } = makeJudge({ 1: 2 })
  t.match(await judgeAlone(judge, [1], read), [{ eventSeq: 1, outcome: 'unmatched' }])
})
