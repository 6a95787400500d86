import type { z } from 'zod'
import type { Bridge } from '../bridge.ts'
import { type Series, UNKNOWN_SOURCE } from '../metrics/activity.ts'
import { oldestOf, readShares } from '../metrics/read-shares.ts'
import type { BacklogShare } from '../store/upkeep.ts'
import type { statsAnswer } from './state-answers.ts'
import { toIso } from './view-job.ts'

type Stats = z.output<typeof statsAnswer>
type View = Pick<Stats, 'since' | 'oldestJobAt' | 'cut' | 'sources' | 'mappings' | 'integrations'>

/** What was done of late and what waits, by source, mapping and integration: of those in force, and of others that did something. */
export async function viewActivity({ activity, live, store }: Bridge, now: number): Promise<View> {
  const { config, mappings } = live.setup
  const { shares, cut } = await readShares(store)
  const sourceOf = (mapping: string): string | null => mappings.get(mapping)?.source ?? null
  const waitingWhere = (takes: (share: BacklogShare) => boolean) => {
    const own = shares.filter(takes)
    const sum = (isDead: boolean): number =>
      own.filter(({ state }) => (state === 'dead') === isDead).reduce((total, { count }) => total + count, 0)
    return { waiting: sum(false), dead: sum(true), oldestJobAt: toIso(oldestOf(own)) }
  }
  const namesOf = (configured: Iterable<string>, done: ReadonlyMap<string, unknown>): string[] =>
    [...new Set([...configured, ...done.keys()])].sort()

  return {
    since: toIso(activity.startedAt)!,
    oldestJobAt: toIso(oldestOf(shares)),
    cut: [...cut],
    sources: namesOf(config.sources.keys(), activity.sources).map(name => ({
      name,
      ...viewSeries(activity.sources.get(name), now),
      rejected: Object.fromEntries(activity.refusals.get(name) ?? []),
      answer: activity.sources.get(name)?.latencies.read(now) ?? null,
      ...waitingWhere(({ mapping }) => name !== UNKNOWN_SOURCE && sourceOf(mapping) === name),
    })),
    mappings: namesOf(mappings.keys(), activity.mappings).map(name => ({
      name,
      ...viewSeries(activity.mappings.get(name), now),
      source: sourceOf(name),
      done: activity.mappings.get(name)?.latencies.read(now) ?? null,
      ...waitingWhere(({ mapping }) => mapping === name),
    })),
    integrations: namesOf(config.integrations.keys(), activity.integrations).map(name => ({
      name,
      ...viewSeries(activity.integrations.get(name), now),
      attempt: activity.integrations.get(name)?.latencies.read(now) ?? null,
      ...waitingWhere(({ integration }) => integration === name),
    })),
  }
}

function viewSeries(series: Series | undefined, now: number) {
  const { minute, hour, day } = series?.rates.read(now) ?? { minute: 0, hour: 0, day: 0 }
  return { counts: Object.fromEntries(series?.counts ?? []), lastMinute: minute, lastHour: hour, lastDay: day }
}
