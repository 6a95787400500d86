import type { Store } from '../store/store.ts'
import { toIso } from './view-job.ts'

/** Jobs that are looked through; of more, the oldest are not seen. */
const JOBS_MAX = 500

/** The newest job of a mapping that died because the API no longer knows what an operation of it uses. */
export interface Drift {
  jobId: string
  diedAt: string | null
  message: string | null
}

/** Finds the mappings that the schema of the API has left behind: those with jobs that died of it and were not retried or discarded since. */
export async function findDrift(store: Pick<Store, 'listJobs'>): Promise<ReadonlyMap<string, Drift>> {
  const { jobs } = await store.listJobs({
    states: ['dead'],
    reason: 'schema_drift',
    mapping: null,
    integration: null,
    source: null,
    type: null,
    sinceAt: null,
    untilAt: null,
    beforeSeq: null,
    limit: JOBS_MAX,
  })
  const drifts = new Map<string, Drift>()
  for (const { id: jobId, mapping, finishedAt, message } of jobs)
    if (!drifts.has(mapping)) drifts.set(mapping, { jobId, diedAt: toIso(finishedAt), message })
  return drifts
}
