import type { Setup } from '../setup/setup.ts'
import type { ClaimedJob } from '../store/jobs.ts'
import { type OpenSpan, startSpan } from './start-span.ts'
import { type TraceParent, traceOfEvent } from './trace-parent.ts'

/** The place of a job's event in a trace; null where nothing is traced. */
export function traceOfJob({ event }: ClaimedJob, { config }: Setup): TraceParent | null {
  return config.tracing.propagates ? traceOfEvent(event) : null
}

/** What a log line of a job says of its trace. */
export function traceFields(job: ClaimedJob, setup: Setup): { traceId?: string } {
  const parent = traceOfJob(job, setup)
  return parent === null ? {} : { traceId: parent.traceId }
}

/** Starts the span of one request to the API; null where nothing is traced. */
export function startAttemptSpan(
  job: ClaimedJob,
  { step, operation }: { step: string; operation: { name: string } },
  setup: Setup,
  now: number,
): OpenSpan | null {
  const parent = traceOfJob(job, setup)
  if (parent === null) return null
  const attributes = {
    'graphql.operation.name': operation.name,
    'bridge.job_id': job.id,
    'bridge.event_id': job.event.id,
    'bridge.mapping': job.mapping,
    'bridge.integration': job.integration,
    'bridge.step': step,
  }
  return startSpan(`attempt ${operation.name}`, 'client', parent, attributes, now)
}
