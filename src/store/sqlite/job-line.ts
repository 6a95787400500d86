import type { JobLine } from '../reports.ts'
import type { Epochs } from './epochs.ts'
import { formatId } from './ids.ts'

/** A row of a list of jobs; the names of the columns are those of `JobLine`. */
export type JobLineRow = Omit<JobLine, 'id' | 'eventId' | 'isBehind'> & { eventSeq: number; isBehind: number }

/** Columns of `JobLineRow`; they need `JOB_LINE_JOINS`. */
export const JOB_LINE_COLUMNS = `job.seq, job.event_seq as eventSeq, job.mapping, job.integration, job.order_key as orderKey,
  job.element_index as itemIndex, job.state, job.reason, job.message, job.attempts, job.next_attempt_at as nextAttemptAt,
  job.created_at as createdAt, job.finished_at as finishedAt,
  job.head = 0 and job.delayed = 0 as isBehind, event.source, coalesce(event_route.type, event.type) as type`
export const JOB_LINE_JOINS = `join event on event.seq = job.event_seq
  left join event_route on event_route.event_seq = job.event_seq`

/** Turns a row into the line people see. */
export function jobLineFromRow({ eventSeq, isBehind, ...row }: JobLineRow, epoch: Epochs): JobLine {
  return {
    ...row,
    isBehind: isBehind === 1,
    id: formatId('job', epoch, row.seq),
    eventId: formatId('evt', epoch, eventSeq),
  }
}
