import { BridgeError, type ErrorCode } from '../errors.ts'
import type { JobActRefusal, JobActRefusalReason } from '../store/job-acts.ts'

const CODES: Readonly<Record<JobActRefusalReason, ErrorCode>> = {
  wrong_state: 'wrong_state',
  changed: 'job_changed',
  in_doubt: 'in_doubt',
  not_in_doubt: 'not_in_doubt',
  payload_pruned: 'payload_pruned',
  not_planned: 'not_planned',
  planned: 'job_changed',
  overtaken: 'overtaken',
}

/** Which jobs an act is for. */
const ACTS = {
  retry: 'only a job that is dead or held can be retried',
  discard: 'only a job that is queued, in_doubt or held can be discarded',
  settle: 'only a job that is held, in_doubt or dead can be settled',
} as const
export type Act = keyof typeof ACTS

/** Says in words why an act on a job was refused, and what can be done instead. */
export function refuseAct(act: Act, refusal: JobActRefusal): BridgeError {
  if (refusal.reason === 'not_found') return new BridgeError('not_found', 'No job of this id is here')
  const { reason, state } = refusal
  return new BridgeError(CODES[reason], messageOf(act, reason, state))
}

function messageOf(act: Act, reason: JobActRefusalReason, state: string): string {
  switch (reason) {
    case 'wrong_state':
      return `The job is ${state}: ${ACTS[act]}`
    case 'changed':
      return `The job has moved since it was read, and is ${state} now: look at it again`
    case 'in_doubt':
      return 'A write of it may have been applied, and only a person can know: settle it as applied or not applied'
    case 'not_in_doubt':
      return 'None of its writes is in doubt: there is nothing to settle'
    case 'payload_pruned':
      return 'Its payload is older than retention.payload: it cannot run again'
    case 'planned':
      return 'It has been planned meanwhile: look at it again'
    case 'not_planned':
      return 'Its mapping failed before it had made its jobs'
    case 'overtaken':
      return 'A newer job of its order key has succeeded, whose work it may undo: "force" does it all the same'
  }
}
