import type { z } from 'zod'
import type { ReplaySample } from '../replay/preview-replay.ts'
import type { Replay, ReplayScope } from '../store/replays.ts'
import type { replayAnswer, replayStartAnswer } from './job-answers.ts'
import { explainSkip } from './replay-skips.ts'
import { toIso } from './view-job.ts'

/** A replay, for people. */
export function viewReplay(replay: Replay): z.output<typeof replayAnswer> {
  const { id, state, scope, force, perSecond, actor, total, taken, jobs, openJobs, skipped } = replay
  return {
    id,
    state,
    of: scope.of,
    filter: viewScope(scope),
    force,
    perSecond,
    actor,
    total,
    taken,
    jobs,
    openJobs,
    skipped,
    startedAt: toIso(replay.startedAt),
    endedAt: toIso(replay.endedAt),
  }
}

/** What would become of the first events or jobs, one line a job. */
export function viewSample(sample: readonly ReplaySample[]): z.output<typeof replayStartAnswer>['sample'] {
  return sample.flatMap(({ row: { id, eventId, source, type, receivedAt }, results }) =>
    results.map(({ mapping, itemIndex, skip }) => ({
      id,
      eventId,
      source,
      type,
      receivedAt: toIso(receivedAt),
      mapping,
      itemIndex,
      skip,
      message: skip === null ? null : explainSkip(skip),
    })),
  )
}

/** Only what was asked for. */
function viewScope({ of: _, ids, sinceAt, untilAt, outcomes, states, ...names }: ReplayScope): Record<string, unknown> {
  const asked = {
    ...names,
    named: ids?.length ?? null,
    since: toIso(sinceAt),
    until: toIso(untilAt),
    outcome: outcomes,
    state: states,
  }
  return Object.fromEntries(Object.entries(asked).filter(([, value]) => value !== null))
}
