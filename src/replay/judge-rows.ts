import { judgeAlone } from '../route/judge-alone.ts'
import type { Judge } from '../route/open-judge.ts'
import type { RecordedEvent } from '../store/receipts.ts'
import type { ReplayableRow } from '../store/replays.ts'
import type { RouteDecision } from '../store/routes.ts'
import type { Store } from '../store/store.ts'

/** Judges the events of rows by the mappings of today, as routing would; those without a payload are left out. */
export async function judgeRows(
  rows: readonly ReplayableRow[],
  judge: Judge,
  store: Pick<Store, 'takeRecorded'>,
): Promise<Map<number, RouteDecision>> {
  const seqs = new Set(rows.filter(row => row.isRecorded && row.isPayloadKept).map(row => row.eventSeq))
  const read = async (seq: number): Promise<RecordedEvent | null> => {
    const [event] = await store.takeRecorded({ afterSeq: seq - 1, limit: 1 })
    // retention may have removed it meanwhile, or its payload
    return event?.seq === seq && event.body.encoding !== 'pruned' ? event : null
  }
  const events = (await Promise.all([...seqs].map(read))).filter(event => event !== null)
  const kept = events.map(({ seq }) => seq)
  const decisions =
    (await judge.decide(events)) ??
    (await judgeAlone(judge, kept, async seq => (await store.takeRecorded({ afterSeq: seq - 1, limit: 1 }))[0]!))
  return new Map(decisions.map(decision => [decision.eventSeq, decision]))
}
