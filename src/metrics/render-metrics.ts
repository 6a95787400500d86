import { Counter, Gauge, Registry } from 'prom-client'
import type { Bridge } from '../bridge.ts'
import { fingerprintToken } from '../ledger/fingerprint.ts'
import type { Series } from './activity.ts'
import { addProcessMetrics } from './process-metrics.ts'
import { COUNTED_MAX, oldestOf, readShares } from './read-shares.ts'
import { readVersion } from './read-version.ts'

export const METRICS_TYPE = Registry.PROMETHEUS_CONTENT_TYPE
const version = readVersion()

/** Writes all metrics as Prometheus reads them. Labels are names of the configuration and closed lists, nothing else. */
export async function renderMetrics({ activity, live, store }: Bridge, now: number): Promise<string> {
  const [backlog, { shares }, ledger] = await Promise.all([
    store.readBacklog(),
    readShares(store),
    store.readIntegrations(),
  ])
  const registry = new Registry()
  const gauge = <L extends string>(name: string, help: string, labelNames: readonly L[] = []): Gauge<L> =>
    new Gauge({ name, help, labelNames, registers: [registry] })

  countSeries(registry, 'deliveries', 'source', 'Answered deliveries, by what they came to', activity.sources)
  countSeries(registry, 'attempts', 'integration', 'Requests to the API, by outcome', activity.integrations)
  countSeries(
    registry,
    'jobs',
    'mapping',
    'Jobs that were made, succeeded, or came to need a person',
    activity.mappings,
  )
  const rejected = new Counter({
    name: 'bridge_rejected_total',
    help: 'Deliveries that were not authentic, by reason',
    labelNames: ['source', 'reason'],
    registers: [registry],
  })
  for (const [source, reasons] of activity.refusals)
    for (const [reason, count] of reasons) rejected.inc({ source, reason }, count)
  registry.registerMetric(activity.answerSeconds)
  registry.registerMetric(activity.attemptSeconds)

  const ageS = (at: number | null): number => (at === null ? 0 : Math.max(0, now - at) / 1_000)
  gauge('bridge_open_jobs', 'Jobs that are queued, running, in doubt or held').set(backlog.openJobs)
  gauge('bridge_unrouted_events', 'Recorded events that are not routed yet').set(backlog.unroutedEvents)
  gauge('bridge_routing_lag_seconds', 'Age of the oldest event that is not routed yet').set(
    ageS(backlog.oldestUnroutedAt),
  )
  gauge('bridge_oldest_job_age_seconds', 'Age of the oldest open job').set(ageS(oldestOf(shares)))
  const jobs = gauge('bridge_jobs', `Jobs by state; of each state ${COUNTED_MAX} are counted at most`, [
    'state',
    'integration',
  ])
  for (const { state, integration, count } of shares) jobs.inc({ state, integration }, count)
  const tokens = gauge('bridge_token_state', 'State of the token in force of each integration: 1', [
    'integration',
    'state',
  ])
  for (const { name, token } of live.setup.config.integrations.values()) {
    const fingerprint = fingerprintToken(token)
    const line = ledger.find(line => line.integration === name && line.token === fingerprint)
    if (line !== undefined) tokens.set({ integration: name, state: line.state }, 1)
  }
  gauge('bridge_build_info', 'What runs: 1', ['version', 'node']).set({ version, node: process.version }, 1)
  addProcessMetrics(registry)
  return registry.metrics()
}

function countSeries(
  registry: Registry,
  what: string,
  label: 'source' | 'integration' | 'mapping',
  help: string,
  all: ReadonlyMap<string, Series>,
): void {
  const counter = new Counter({
    name: `bridge_${what}_total`,
    help,
    labelNames: [label, 'outcome'],
    registers: [registry],
  })
  for (const [name, { counts }] of all)
    for (const [outcome, count] of counts) counter.inc({ [label]: name, outcome }, count)
}
