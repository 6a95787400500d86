import { adminActor } from '../audit.ts'
import type { Pause, PauseAnswer, PauseRequest, ResumeRequest } from '../pauses.ts'
import type { StoreContext } from './context.ts'

const COLUMNS = 'kind, name, paused_at as pausedAt, actor, reason'

/** Pauses a source, an integration or a mapping: from the next claim and the next intent on, across restarts. */
export function pause({ db, audit }: StoreContext): (request: PauseRequest) => PauseAnswer {
  const find = prepareFindPause(db)
  const insert = db.prepare(`
    insert into pause (kind, name, paused_at, actor, reason)
    values (@kind, @name, @now, @actor, @reason)
    on conflict (kind, name) do update
    set paused_at = excluded.paused_at, actor = excluded.actor, reason = excluded.reason, ended = 0`)
  return request => {
    const { kind, name, reason, actor, now } = request
    const known = find(kind, name)
    if (known !== null) return { changed: false, pause: known }
    insert.run(request)
    audit.append({
      at: now,
      actor: adminActor(actor),
      action: `${kind}.paused`,
      [kind]: name,
      ...(reason !== null && { detail: { reason } }),
    })
    return { changed: true, pause: find(kind, name) }
  }
}

/**
 * Ends a pause. What it had set aside is let back in by the next claims, a bounded number of jobs each (claim-jobs.ts), so
 * that a long pause does not hold up deliveries when it ends.
 */
export function resume({ db, audit }: StoreContext): (request: ResumeRequest) => PauseAnswer {
  const find = prepareFindPause(db)
  const end = db.prepare<[string, string]>('update pause set ended = 1 where kind = ? and name = ?')
  return ({ kind, name, actor, now }) => {
    const known = find(kind, name)
    if (known === null) return { changed: false, pause: null }
    end.run(kind, name)
    audit.append({
      at: now,
      actor: adminActor(actor),
      action: `${kind}.resumed`,
      [kind]: name,
      detail: { pausedAt: known.pausedAt },
    })
    return { changed: true, pause: null }
  }
}

/** Reads every pause in force, also of what is configured no more. */
export function readPauses({ db }: StoreContext): () => Pause[] {
  const select = db.prepare<[], Pause>(`select ${COLUMNS} from pause where ended = 0 order by kind, name`)
  return () => select.all()
}

function prepareFindPause(db: StoreContext['db']): (kind: string, name: string) => Pause | null {
  const select = db.prepare<[string, string], Pause>(
    `select ${COLUMNS} from pause where kind = ? and name = ? and ended = 0`,
  )
  return (kind, name) => select.get(kind, name) ?? null
}
