import { Histogram } from 'prom-client'
import type { AttemptOutcome } from '../store/attempts.ts'
import type { JobNext } from '../store/jobs.ts'
import type { RouteDecision } from '../store/routes.ts'
import { createLatencies, type Latencies } from './latencies.ts'
import { createRates, type Rates } from './rates.ts'

/** Whose name is not ours: anybody can make such names up, so they share one. */
export const UNKNOWN_SOURCE = '(unknown)'

const ANSWER_BUCKETS_S = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
const ATTEMPT_BUCKETS_S = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]

/** The reason of a job in doubt whose write was just sent (decide-next.ts). */
const FRESH_DOUBT = 'answer_lost'

/** What happened under one name since the process started. */
export interface Series {
  /** How often, by outcome. */
  counts: Map<string, number>
  rates: Rates
  latencies: Latencies
}

/** The last job that came into a state in which it needs a person, and how many did. */
export interface Fall {
  state: 'dead' | 'held' | 'in_doubt'
  mapping: string
  integration: string
  count: number
  jobId: string
  reason: string
}

/**
 * What this process did, kept in memory and read by `/metrics`, `/api/stats` and the alerts. Noting something is a few
 * additions: it is done on the way of an answer. Names are those of the configuration, so there are not many.
 */
export interface Activity {
  startedAt: number
  sources: ReadonlyMap<string, Series>
  /** Refused deliveries by source, then reason. */
  refusals: ReadonlyMap<string, ReadonlyMap<string, number>>
  /** Jobs that came to rest, by mapping; their latency is from receipt to success, without those of replays. */
  mappings: ReadonlyMap<string, Series>
  /** Attempts by integration, by outcome. */
  integrations: ReadonlyMap<string, Series>
  quarantined: number
  falls: ReadonlyMap<string, Fall>
  answerSeconds: Histogram<'source'>
  attemptSeconds: Histogram<'integration'>
  /** A delivery was answered. `ms` null = its answer waited for jobs, which says nothing of us. */
  answered(source: string, outcome: string, ms: number | null, at: number): void
  refused(source: string, reason: string): void
  routed(decision: RouteDecision): void
  attempted(integration: string, outcome: AttemptOutcome, ms: number, at: number): void
  jobMoved(job: MovedJob, next: JobNext, at: number): void
}

/** What is to be known of a job that moved. */
export interface MovedJob {
  id: string
  mapping: string
  integration: string
  event: { receivedAt: number }
  isReplayed: boolean
}

/** Makes the memory of a process that has done nothing yet. */
export function createActivity(startedAt: number): Activity {
  const sources = new Map<string, Series>()
  const refusals = new Map<string, Map<string, number>>()
  const mappings = new Map<string, Series>()
  const integrations = new Map<string, Series>()
  const falls = new Map<string, Fall>()
  const answerSeconds = new Histogram({
    name: 'bridge_answer_seconds',
    help: 'Time from the headers of a delivery to its answer; without those that asked to wait for their jobs',
    labelNames: ['source'],
    buckets: ANSWER_BUCKETS_S,
    registers: [],
  })
  const attemptSeconds = new Histogram({
    name: 'bridge_attempt_seconds',
    help: 'Time of one request to the API',
    labelNames: ['integration'],
    buckets: ATTEMPT_BUCKETS_S,
    registers: [],
  })
  const activity: Activity = {
    startedAt,
    sources,
    refusals,
    mappings,
    integrations,
    quarantined: 0,
    falls,
    answerSeconds,
    attemptSeconds,
    answered(source, outcome, ms, at) {
      const series = seriesOf(sources, source)
      count(series.counts, outcome)
      series.rates.add(at)
      if (ms === null) return
      series.latencies.add(ms, at)
      answerSeconds.observe({ source }, ms / 1_000)
    },
    refused(source, reason) {
      const reasons = refusals.get(source) ?? new Map<string, number>()
      refusals.set(source, reasons)
      count(reasons, reason)
    },
    routed({ outcome, jobs }) {
      if (outcome === 'quarantined') activity.quarantined++
      for (const { mapping } of jobs) count(seriesOf(mappings, mapping).counts, 'made')
    },
    attempted(integration, outcome, ms, at) {
      const series = seriesOf(integrations, integration)
      count(series.counts, outcome)
      series.rates.add(at)
      series.latencies.add(ms, at)
      attemptSeconds.observe({ integration }, ms / 1_000)
    },
    jobMoved(job, next, at) {
      if (next.state === 'running' || next.state === 'queued') return
      // asked again, or given back while it was in doubt: that it came to be is what counts
      if (next.state === 'in_doubt' && next.reason !== FRESH_DOUBT) return
      const series = seriesOf(mappings, job.mapping)
      count(series.counts, next.state)
      if (next.state === 'succeeded') {
        series.rates.add(at)
        if (!job.isReplayed) series.latencies.add(Math.max(0, at - job.event.receivedAt), at)
        return
      }
      const { id: jobId, mapping, integration } = job
      const key = `${next.state}\n${mapping}\n${integration}`
      const before = falls.get(key)?.count ?? 0
      falls.set(key, { state: next.state, mapping, integration, count: before + 1, jobId, reason: next.reason })
    },
  }
  return activity
}

function seriesOf(all: Map<string, Series>, name: string): Series {
  let series = all.get(name)
  if (series === undefined) {
    series = { counts: new Map(), rates: createRates(), latencies: createLatencies() }
    all.set(name, series)
  }
  return series
}

function count(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1)
}
