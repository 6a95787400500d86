import {
  ALERT_AGE_MAX_MS,
  type AlertEnd,
  type RecordedAlerts,
  TOLD_ALERTS_MAX,
  type ToldAlert,
  WAITING_ALERTS_MAX,
  type WaitingAlert,
} from '../alerts.ts'
import type { StoreContext } from './context.ts'

/** Records an alert that waits, or when one that is recorded is tried next; false where too many wait. */
export function recordAlert({ db }: StoreContext): (alert: WaitingAlert) => boolean {
  const record = db.prepare(`
    insert into waiting_alert (id, about, body, raised_at, tries, due_at)
    select @id, @about, @body, @raisedAt, @tries, @dueAt
    where (select count(*) from waiting_alert) < ${WAITING_ALERTS_MAX}
      or exists (select 1 from waiting_alert where id = @id)
    on conflict (id) do update set tries = excluded.tries, due_at = excluded.due_at`)
  return alert => record.run(alert).changes > 0
}

/** Removes an alert that waits no more, and remembers what it was about if it was told. */
export function endAlert({ db }: StoreContext): (end: AlertEnd) => void {
  const remove = db.prepare('delete from waiting_alert where id = ?')
  const remember = db.prepare(`
    insert into told_alert (about, told_at) values (@about, @toldAt)
    on conflict (about) do update set told_at = max(told_at, excluded.told_at)`)
  const forget = db.prepare(`
    delete from told_alert
    where told_at < ?
      or about not in (select about from told_alert order by told_at desc limit ${TOLD_ALERTS_MAX})`)
  return ({ id, told }) => {
    remove.run(id)
    if (told === null) return
    remember.run(told)
    forget.run(told.toldAt - ALERT_AGE_MAX_MS)
  }
}

/** Reads the alerts that wait, and what was told. */
export function readAlerts({ db }: StoreContext): () => RecordedAlerts {
  const waiting = db.prepare<[], WaitingAlert>(`
    select id, about, body, raised_at as raisedAt, tries, due_at as dueAt
    from waiting_alert
    order by seq`)
  const told = db.prepare<[], ToldAlert>('select about, told_at as toldAt from told_alert order by told_at')
  return () => ({ waiting: waiting.all(), told: told.all() })
}
