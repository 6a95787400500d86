import type { Replay, ReplayScope, ReplaySkip } from '../replays.ts'
import type { StoreContext } from './context.ts'
import { formatId, parseId } from './ids.ts'

/** Replays that are listed: the newest. */
const LISTED_MAX = 100
/** Jobs of a replay that are looked at for those that have not ended: more are never open at once. */
const OPEN_ROWS_MAX = 1_000

interface Row {
  seq: number
  epoch: number
  state: Replay['state']
  scope: string
  force: 0 | 1
  perSecond: number
  actor: string
  total: number | null
  afterSeq: number
  throughSeq: number
  taken: number
  jobs: number
  skipped: string
  startedAt: number
  endedAt: number | null
}

const COLUMNS = `seq, epoch, state, scope, force, per_second as perSecond, actor, total, after_seq as afterSeq,
  through_seq as throughSeq, taken, jobs, skipped, started_at as startedAt, ended_at as endedAt`

/** Prepares reading one replay by its row number. */
export function prepareReadReplay(context: StoreContext): (seq: number) => Replay | null {
  const select = context.db.prepare<[number], Row>(`select ${COLUMNS} from replay where seq = ?`)
  const toReplay = prepareToReplay(context)
  return seq => {
    const row = select.get(seq)
    return row === undefined ? null : toReplay(row)
  }
}

/** Reads a replay; null for an id that is not here. */
export function readReplay(context: StoreContext): (replayId: string) => Replay | null {
  const read = prepareReadReplay(context)
  return replayId => {
    const seq = parseId('rpl', context.epoch, replayId)
    return seq === null ? null : read(seq)
  }
}

/** Lists replays, newest first. */
export function listReplays(context: StoreContext): () => Replay[] {
  const select = context.db.prepare<[], Row>(`select ${COLUMNS} from replay order by seq desc limit ${LISTED_MAX}`)
  const toReplay = prepareToReplay(context)
  return () => select.all().map(toReplay)
}

/** Reads the replay that is under way; null without one. */
export function readRunningReplay(context: StoreContext): () => Replay | null {
  const select = context.db.prepare<[], Row>(`select ${COLUMNS} from replay where state = 'running'`)
  const toReplay = prepareToReplay(context)
  return () => {
    const row = select.get()
    return row === undefined ? null : toReplay(row)
  }
}

function prepareToReplay({ db, epoch }: StoreContext): (row: Row) => Replay {
  const countOpen = db
    .prepare<[number], number>(`
      select count(*)
      from (select state from job where replay_seq = ? and replay_seq > 0 order by seq desc limit ${OPEN_ROWS_MAX})
      where state in ('queued', 'running')`)
    .pluck()
  return ({ seq, epoch: ofEpoch, scope, skipped, force, ...row }) => ({
    ...row,
    seq,
    id: formatId('rpl', epoch, seq),
    isOfThisEpoch: ofEpoch === epoch.current,
    scope: JSON.parse(scope) as ReplayScope,
    force: force === 1,
    skipped: JSON.parse(skipped) as Partial<Record<ReplaySkip, number>>,
    openJobs: countOpen.get(seq)!,
  })
}
