import type { z } from 'zod'
import type { Bridge } from '../bridge.ts'
import { BridgeError } from '../errors.ts'
import { countReplay } from '../replay/preview-replay.ts'
import type { JobAct, JobActAnswer } from '../store/job-acts.ts'
import type { ReplayScope } from '../store/replays.ts'
import type { Store } from '../store/store.ts'
import { formatCursor, parseCursor } from './cursor.ts'
import type { jobsActedAnswer } from './job-answers.ts'
import type { discardManyBody } from './job-questions.ts'
import { readReplayScope } from './read-replay-scope.ts'
import { refuseKey } from './read-request.ts'
import { type Act, refuseAct } from './refuse-act.ts'

/** Jobs of one call, and calls of the store to find them. */
const JOBS_MAX = 50
const LIST_CALLS_MAX = 25

type Answer = z.output<typeof jobsActedAnswer>

/**
 * Does to many jobs what a person may do to one, the oldest first, so that of one order key the older job is not refused
 * as overtaken. Each is accounted for by itself; what is refused of one stops no other.
 */
export async function actOnMany(
  act: Act,
  schema: z.ZodObject,
  asked: z.output<typeof discardManyBody>,
  actor: string,
  { store, log }: Pick<Bridge, 'store' | 'log'>,
  actOnOne: (ask: JobAct) => Promise<JobActAnswer>,
): Promise<Answer> {
  const now = Date.now()
  if (asked.ids === undefined && asked.state === undefined) throw refuseKey(schema, 'state')
  const scope = readReplayScope(schema, { ...asked, of: 'jobs' }, now)
  const nothing = { dryRun: asked.dryRun, total: null, more: false, done: 0, refused: {}, results: [], next: null }
  if (asked.dryRun) {
    const { total, more } = await countReplay(scope, store)
    return { ...nothing, total, more }
  }
  const afterSeq = asked.cursor === undefined ? 0 : parseCursor(store.epoch, asked.cursor)
  if (afterSeq === null) throw refuseKey(schema, 'cursor')
  const { ids, nextSeq } = await findJobs(scope, afterSeq, store)
  // sent together, they share a commit and keep their order
  const results = await Promise.all(ids.map(jobId => actSafely(act, { jobId, version: null, actor, now }, actOnOne)))
  const refused: Record<string, number> = {}
  for (const { code } of results) if (code !== null) refused[code] = (refused[code] ?? 0) + 1
  const done = results.filter(({ code }) => code === null).length
  log.info({ admin: actor, act, done, refused }, 'act')
  return { ...nothing, done, refused, results, next: formatCursor(store.epoch, nextSeq) }
}

async function findJobs(
  scope: ReplayScope,
  fromSeq: number,
  store: Pick<Store, 'listReplayable'>,
): Promise<{ ids: string[]; nextSeq: number | null }> {
  const ids: string[] = []
  let at = fromSeq
  for (let calls = 0; calls < LIST_CALLS_MAX; calls++) {
    const limit = JOBS_MAX - ids.length
    const { rows, afterSeq, more } = await store.listReplayable({ scope, afterSeq: at, throughSeq: null, limit })
    ids.push(...rows.map(({ id }) => id))
    at = afterSeq
    if (!more) return { ids, nextSeq: null }
    if (ids.length === JOBS_MAX) break
  }
  return { ids, nextSeq: at }
}

async function actSafely(
  act: Act,
  ask: JobAct,
  actOnOne: (ask: JobAct) => Promise<JobActAnswer>,
): Promise<Answer['results'][number]> {
  try {
    const answer = await actOnOne(ask)
    if (!answer.ok) throw refuseAct(act, answer)
    return { id: ask.jobId, state: answer.state, code: null, message: answer.message }
  } catch (error) {
    // what is wrong with one job is its own matter; a store that cannot be written is everybody's
    if (!(error instanceof BridgeError) || error.code === 'store_unavailable') throw error
    return { id: ask.jobId, state: null, code: error.code, message: error.message }
  }
}
