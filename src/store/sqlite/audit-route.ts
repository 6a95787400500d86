import { type AuditAction, BRIDGE_ACTOR } from '../audit.ts'
import type { PlannedJob, RouteDecision, RouteOutcome } from '../routes.ts'
import type { StoreContext } from './context.ts'

const ACTIONS: Readonly<Record<RouteOutcome, AuditAction>> = {
  matched: 'event.mapped',
  unmatched: 'event.unmatched',
  quarantined: 'event.quarantined',
  echo: 'event.echo',
}

/** Prepares the one row of an event: that it was received, and what was made of it. */
export function prepareAuditRoute({ audit, received }: StoreContext): (decision: RouteDecision) => void {
  return decision => {
    const event = received.take(decision.eventSeq)
    if (event === undefined) return
    const { jobs, outcome, type, routedAt, eventSeq } = decision
    const mapping = onlyOne(jobs, job => job.mapping)
    const integration = onlyOne(jobs, job => job.integration)
    audit.append({
      at: routedAt,
      actor: BRIDGE_ACTOR,
      action: ACTIONS[outcome],
      source: event.source,
      ...(mapping !== null && { mapping }),
      ...(integration !== null && { integration }),
      eventSeq,
      ...(type !== null && { target: type }),
      detail: {
        receivedAt: event.receivedAt,
        bytes: event.bodyBytes,
        ...(jobs.length > 0 && { jobs: countByMapping(jobs) }),
        ...(outcome === 'quarantined' && { reason: reasonOf(decision.detail) }),
      },
      ...(event.payloadHash !== null && { payloadHash: event.payloadHash }),
    })
  }
}

/** What all jobs have in common; null where they differ, or there are none. */
function onlyOne(jobs: readonly PlannedJob[], nameOf: (job: PlannedJob) => string): string | null {
  const first = jobs[0]
  return first !== undefined && jobs.every(job => nameOf(job) === nameOf(first)) ? nameOf(first) : null
}

function countByMapping(jobs: readonly PlannedJob[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const { mapping } of jobs) counts[mapping] = (counts[mapping] ?? 0) + 1
  return counts
}

function reasonOf(detail: unknown): unknown {
  const said = (typeof detail === 'string' ? JSON.parse(detail) : detail) as { reason?: unknown }
  return said.reason ?? null
}
