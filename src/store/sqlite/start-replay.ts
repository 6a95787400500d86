import { adminActor } from '../audit.ts'
import type { ReplayStart, ReplayStartAnswer } from '../replays.ts'
import type { StoreContext } from './context.ts'
import { formatId } from './ids.ts'

/** Starts a replay, unless one is under way: its steps are recorded one by one. */
export function startReplay(context: StoreContext): (start: ReplayStart) => ReplayStartAnswer {
  const { db, epoch, audit } = context
  const running = db.prepare<[], number>(`select seq from replay where state = 'running'`).pluck()
  const insert = db.prepare(`
    insert into replay (epoch, state, scope, force, per_second, actor, total, after_seq, through_seq, started_at)
    values (?, 'running', ?, ?, ?, ?, ?, 0, ?, ?)`)
  return ({ scope, force, perSecond, total, throughSeq, actor, now }) => {
    const other = running.get()
    if (other !== undefined) return { ok: false, reason: 'busy', id: formatId('rpl', epoch, other) }
    const { lastInsertRowid } = insert.run(
      epoch.current,
      JSON.stringify(scope),
      force ? 1 : 0,
      perSecond,
      actor,
      total,
      throughSeq,
      now,
    )
    const id = formatId('rpl', epoch, Number(lastInsertRowid))
    const { source, mapping, integration, ids, ...rest } = scope
    audit.append({
      at: now,
      actor: adminActor(actor),
      action: 'replay.started',
      ...(source !== null && { source }),
      ...(mapping !== null && { mapping }),
      ...(integration !== null && { integration }),
      target: id,
      detail: { ...rest, named: ids?.length ?? null, total, force, perSecond },
    })
    return { ok: true, id }
  }
}
