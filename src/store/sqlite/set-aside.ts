import type { PausedKind } from '../pauses.ts'
import type { StoreContext } from './context.ts'

/**
 * Jobs that are set aside, or let back in, by one claim: 1,000 updates take about 10 ms, which is as long as a delivery
 * should have to wait for them.
 */
const ASIDE_MAX = 1_000

interface PauseRow {
  kind: PausedKind
  name: string
  ended: 0 | 1
}
interface DueRow {
  seq: number
  mapping: string
  source: string
}

/** What pauses leave to be claimed. */
export interface Unpaused {
  isPaused(integration: string): boolean
  /** Finds jobs as `due` would, without those of paused mappings and sources. */
  findDue(integration: string, now: number, max: number): { seq: number }[]
}

/**
 * Prepares what a claim asks about pauses. Jobs of a paused mapping or source are set aside the first time they would have
 * been claimed: the next claim does not walk over them again, however many they are. They come back once the pause is over.
 */
export function prepareUnpaused(
  { db }: StoreContext,
  due: (integration: string, now: number, max: number) => { seq: number }[],
): () => Unpaused {
  const pauses = db.prepare<[], PauseRow>('select kind, name, ended from pause')
  const dueWithOrigin = db.prepare<[string, number, number], DueRow>(`
    select job.seq, job.mapping, event.source
    from job
    join event on event.seq = job.event_seq
    where job.integration = ? and job.head = 1 and job.aside is null and job.state in ('queued', 'in_doubt')
      and job.next_attempt_at <= ?
    order by job.next_attempt_at, job.seq
    limit ?`)
  const setAside = db.prepare<[string, number]>('update job set aside = ? where seq = ?')
  const letIn = db.prepare<[string]>(`
    update job
    set aside = null
    where seq in (select seq from job where aside = ? order by seq limit ${ASIDE_MAX})`)
  const forget = db.prepare<[string, string]>('delete from pause where kind = ? and name = ? and ended = 1')

  return () => {
    const inForce = new Set<string>()
    for (const { kind, name, ended } of pauses.all()) {
      if (ended === 0) inForce.add(asideOf(kind, name))
      else if (letIn.run(asideOf(kind, name)).changes < ASIDE_MAX) forget.run(kind, name)
    }
    const pauseOf = ({ mapping, source }: DueRow): string | undefined =>
      [asideOf('mapping', mapping), asideOf('source', source)].find(pause => inForce.has(pause))
    return {
      isPaused: integration => inForce.has(asideOf('integration', integration)),
      findDue(integration, now, max) {
        if (inForce.size === 0 || max === 0) return due(integration, now, max)
        const found: { seq: number }[] = []
        const paused: { seq: number; pause: string }[] = []
        for (const row of dueWithOrigin.iterate(integration, now, ASIDE_MAX + max)) {
          const pause = pauseOf(row)
          if (pause === undefined) found.push(row)
          else paused.push({ seq: row.seq, pause })
          if (found.length === max || paused.length === ASIDE_MAX) break
        }
        for (const { seq, pause } of paused) setAside.run(pause, seq)
        return found
      },
    }
  }
}

function asideOf(kind: PausedKind, name: string): string {
  return `${kind}:${name}`
}

/** Prepares the question which pause a job that is being worked on falls under; null = none. */
export function preparePauseOfJob(db: StoreContext['db']): (jobSeq: number, integration: string) => PausedKind | null {
  const select = db
    .prepare<{ jobSeq: number; integration: string }, PausedKind>(`
    select kind
    from pause
    where ended = 0 and (
      (kind = 'integration' and name = @integration)
      or (kind = 'mapping' and name = (select mapping from job where seq = @jobSeq))
      or (kind = 'source' and name = (select source from job join event on event.seq = job.event_seq where job.seq = @jobSeq)))
    limit 1`)
    .pluck()
  return (jobSeq, integration) => select.get({ jobSeq, integration }) ?? null
}
