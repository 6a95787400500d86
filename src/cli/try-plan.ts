import { createAgents } from '../execute/agents.ts'
import type { CheckedMapping } from '../mapping/checked-mapping.ts'
import type { EventScope } from '../mapping/create-scope.ts'
import type { PlannedJob } from '../mapping/plan-jobs.ts'
import { openReader } from '../plan/open-reader.ts'
import { type JobPlanned, planJob } from '../plan/plan-job.ts'
import type { Setup } from '../setup/setup.ts'
import { refuseUnopened } from './refuse-unopened.ts'

/** What the jobs of an event would change. */
export interface TrialPlan {
  /** Requests sent to the API, all of them queries. */
  reads: number
  jobs: readonly JobPlanned[]
}

/**
 * Plans the jobs of an event one after another, each against the API as it is now. Ends with the first job that cannot
 * be read where the next one would fare no better.
 */
export async function planTrial(
  setup: Setup,
  mapping: CheckedMapping,
  scope: EventScope,
  jobs: readonly PlannedJob[],
): Promise<TrialPlan> {
  refuseUnopened(setup.config, `/integrations/${mapping.integration}`)
  const agents = createAgents()
  const reader = openReader(setup.config, setup.config.integrations.get(mapping.integration)!, agents)
  const context = { operations: setup.operations, reader }
  const planned: JobPlanned[] = []
  try {
    for (const { item } of jobs) {
      const job = await planJob(mapping, item === undefined ? scope : { ...scope, item }, context)
      planned.push(job)
      if (job.stops) break
    }
    return { reads: reader.sent, jobs: planned }
  } finally {
    await agents.close()
  }
}
