import type Database from 'better-sqlite3'
import type { AuditLine, AuditQuery } from '../audit.ts'
import type { StoreContext } from './context.ts'
import type { Epochs } from './epochs.ts'
import { formatId, parseId } from './ids.ts'
import { preparePageBounds } from './page-bounds.ts'

/** Rows looked at a call, so that no delivery waits long for it: about 1 ms. */
const AUDIT_ROWS_LOOKED_AT_MAX = 5_000
/** Statements that are kept prepared: one a combination of filters. */
const STATEMENTS_MAX = 100

/** The words of the partial index `audit_action`, which SQLite wants to see again. */
const IS_RARE_ACTION = `action not in ('event.mapped', 'event.unmatched', 'event.echo', 'attempt.applied', 'job.succeeded')`
const EVERYDAY_ACTIONS: ReadonlySet<string> = new Set(IS_RARE_ACTION.match(/[a-z]+\.[a-z]+/g))

interface Row extends Omit<AuditLine, 'eventId' | 'jobId'> {
  eventSeq: number | null
  jobSeq: number | null
}

export interface Selection {
  /** Rows of a window, `from` up to but without `before`, in this order. */
  read(window: { from: number; before: number; limit: number }): AuditLine[]
  /** Where a window that is not looked at as a whole ends: of so many rows, the first or last that is. */
  cut(window: { from: number; before: number }): { from: number; before: number }
}

/** Which rows a page may come from, as in other lists; what retention has removed is not looked for. */
export function prepareAuditBounds({ db }: StoreContext): ReturnType<typeof preparePageBounds> {
  const boundsOf = preparePageBounds(db, 'audit_entry')
  const first = db.prepare<[], number>('select coalesce(min(seq), 1) from audit_entry').pluck()
  return query => {
    const { from, before } = boundsOf(query)
    return { from: Math.max(from, first.get()!), before }
  }
}

/**
 * Prepares reading the audit through filters. Events, jobs, actors and rare actions are looked up in an index; for the
 * rest, a bounded number of rows is looked at a call, and the caller asks on.
 */
export function prepareSelectAudit(
  { db, epoch }: StoreContext,
  order: 'asc' | 'desc',
): (query: AuditQuery) => Selection | null {
  const statements = new Map<string, Database.Statement<unknown[], unknown>>()
  const prepare = (sql: string): Database.Statement<unknown[], unknown> => {
    const known = statements.get(sql)
    if (known !== undefined) return known
    if (statements.size >= STATEMENTS_MAX) statements.clear()
    const statement = db.prepare<unknown[], unknown>(sql)
    statements.set(sql, statement)
    return statement
  }
  const seqOf = (kind: 'evt' | 'job', id: string | null): number | null | undefined =>
    id === null ? null : (parseId(kind, epoch, id) ?? undefined)

  return query => {
    const eventSeq = seqOf('evt', query.eventId)
    const jobSeq = seqOf('job', query.jobId)
    if (eventSeq === undefined || jobSeq === undefined) return null
    const values = {
      ...query,
      actions: JSON.stringify(query.actions ?? []),
      action: query.actions?.[0],
      eventSeq,
      jobSeq,
    }
    const { index, lookedUp } = chooseIndex(query)
    const where = ['seq >= @from', 'seq < @before', ...lookedUp, ...filtersOf(query)]
    return {
      read: window =>
        (
          prepare(`
            select seq, at, actor, action, source, integration, mapping, event_seq as eventSeq, job_seq as jobSeq, target,
              detail, lower(hex(payload_hash)) as payloadHash, lower(hex(hash)) as hash
            from audit_entry ${index === null ? 'not indexed' : `indexed by ${index}`}
            where ${where.join(' and ')}
            order by seq ${order}
            limit @limit`).all({ ...values, ...window }) as Row[]
        ).map(row => toLine(row, epoch)),
      cut: ({ from, before }) => {
        if (index === null)
          return order === 'asc'
            ? { from, before: Math.min(before, from + AUDIT_ROWS_LOOKED_AT_MAX) }
            : { from: Math.max(from, before - AUDIT_ROWS_LOOKED_AT_MAX), before }
        const found = prepare(`
          select seq
          from audit_entry indexed by ${index}
          where seq >= @from and seq < @before and ${lookedUp.join(' and ')}
          order by seq ${order}
          limit 1 offset ${AUDIT_ROWS_LOOKED_AT_MAX - 1}`).get({ ...values, from, before }) as
          | { seq: number }
          | undefined
        if (found === undefined) return { from, before }
        return order === 'asc' ? { from, before: found.seq + 1 } : { from: found.seq, before }
      },
    }
  }
}

function chooseIndex({ eventId, jobId, actor, actions }: AuditQuery): { index: string | null; lookedUp: string[] } {
  if (jobId !== null) return { index: 'audit_job', lookedUp: ['job_seq = @jobSeq'] }
  if (eventId !== null) return { index: 'audit_event', lookedUp: ['event_seq = @eventSeq'] }
  if (actor !== null && actor !== 'bridge')
    return { index: 'audit_actor', lookedUp: ['actor = @actor', `actor <> 'bridge'`] }
  const [action] = actions ?? []
  if (actions?.length === 1 && !EVERYDAY_ACTIONS.has(action!))
    return { index: 'audit_action', lookedUp: ['action = @action', IS_RARE_ACTION] }
  return { index: null, lookedUp: [] }
}

function filtersOf(query: AuditQuery): string[] {
  const { actor, actions, eventId, source, integration, mapping, target, q, sinceAt, untilAt } = query
  return [
    ...(actor === null ? [] : ['actor = @actor']),
    ...(actions === null ? [] : ['action in (select value from json_each(@actions))']),
    ...(eventId === null ? [] : ['event_seq = @eventSeq']),
    ...(source === null ? [] : ['source = @source']),
    ...(integration === null ? [] : ['integration = @integration']),
    ...(mapping === null ? [] : ['mapping = @mapping']),
    ...(target === null ? [] : ['target = @target']),
    // not LIKE: what is looked for may hold its wildcards
    ...(q === null ? [] : ['instr(lower(detail), lower(@q)) > 0']),
    ...(sinceAt === null ? [] : ['at >= @sinceAt']),
    ...(untilAt === null ? [] : ['at < @untilAt']),
  ]
}

function toLine({ eventSeq, jobSeq, payloadHash, ...row }: Row, epochs: Epochs): AuditLine {
  return {
    ...row,
    // hex() makes an empty text of null
    payloadHash: payloadHash === '' ? null : payloadHash,
    eventId: eventSeq === null ? null : formatId('evt', epochs, eventSeq),
    jobId: jobSeq === null ? null : formatId('job', epochs, jobSeq),
  }
}
