import type { z } from 'zod'
import type { ReplayScope } from '../store/replays.ts'
import type { replayBody } from './job-questions.ts'
import { readFilters } from './read-page.ts'
import { refuseKey } from './read-request.ts'

type Asked = Partial<
  Pick<
    z.output<typeof replayBody>,
    'ids' | 'source' | 'type' | 'mapping' | 'integration' | 'since' | 'until' | 'outcome' | 'state' | 'reason'
  >
> & { of: ReplayScope['of'] }

/** Reads which events or jobs are meant: ids, or a filter. Throws `invalid_request`. */
export function readReplayScope(schema: z.ZodObject, asked: Asked, now: number): ReplayScope {
  const { of, ids, source, type, integration, since, until, outcome, state, reason } = asked
  const narrowing = { source, type, integration, since, until, outcome, state, reason }
  if (ids !== undefined && Object.values(narrowing).some(value => value !== undefined)) throw refuseKey(schema, 'ids')
  if (of === 'events' && (state !== undefined || reason !== undefined)) throw refuseKey(schema, 'of')
  if (of === 'jobs' && outcome !== undefined) throw refuseKey(schema, 'of')
  const prefix = of === 'events' ? 'evt_' : 'job_'
  if (ids?.some(id => !id.startsWith(prefix))) throw refuseKey(schema, 'ids')
  return {
    of,
    ids: ids ?? null,
    ...readFilters(schema, asked, now),
    outcomes: outcome ?? null,
    states: state ?? null,
    reason: reason ?? null,
  }
}
