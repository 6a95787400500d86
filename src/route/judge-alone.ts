import type { RecordedEvent } from '../store/receipts.ts'
import type { RouteDecision } from '../store/routes.ts'
import type { Judge } from './open-judge.ts'

/** So many times one event alone may end the judging thread before it is quarantined. */
const CRASHES_MAX = 3

/**
 * Judges events one by one after a batch of them ended the judging thread; an event that does so alone, three times, is
 * quarantined. `read` gives the event anew, because its body went down with the thread.
 */
export async function judgeAlone(
  judge: Judge,
  seqs: readonly number[],
  read: (seq: number) => Promise<RecordedEvent>,
): Promise<RouteDecision[]> {
  const decisions: RouteDecision[] = []
  for (const seq of seqs) {
    let decided: RouteDecision[] | null = null
    for (let crashes = 0; decided === null && crashes < CRASHES_MAX; crashes++)
      decided = await judge.decide([await read(seq)])
    decisions.push(decided?.[0] ?? quarantinePoison(await read(seq)))
  }
  return decisions
}

function quarantinePoison({ seq, type }: RecordedEvent): RouteDecision {
  const message = `judging this event ended its thread, or took too long, ${CRASHES_MAX} times`
  return {
    eventSeq: seq,
    type,
    outcome: 'quarantined',
    detail: { reason: 'poison', message },
    jobs: [],
    routedAt: Date.now(),
  }
}
