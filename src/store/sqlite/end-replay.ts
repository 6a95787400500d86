import { adminActor, BRIDGE_ACTOR } from '../audit.ts'
import type { ReplayEnd, ReplayEndAnswer } from '../replays.ts'
import type { StoreContext } from './context.ts'
import { parseId } from './ids.ts'
import { prepareReadReplay } from './read-replay.ts'

/** Cancels a replay: it makes no more jobs. Those it has made stay. */
export function endReplay(context: StoreContext): (end: ReplayEnd) => ReplayEndAnswer {
  const { db, epoch, audit } = context
  const read = prepareReadReplay(context)
  const cancel = db.prepare(`update replay set state = 'cancelled', ended_at = ? where seq = ?`)
  return ({ id, actor, reason, now }) => {
    const seq = parseId('rpl', epoch, id)
    const replay = seq === null ? null : read(seq)
    if (replay === null) return { ok: false, reason: 'not_found' }
    if (replay.state !== 'running') return { ok: false, reason: 'wrong_state' }
    cancel.run(now, replay.seq)
    audit.append({
      at: now,
      actor: actor === null ? BRIDGE_ACTOR : adminActor(actor),
      action: 'replay.cancelled',
      target: id,
      detail: { taken: replay.taken, jobs: replay.jobs, ...(reason !== null && { reason }) },
    })
    return { ok: true, replay: read(replay.seq)! }
  }
}
