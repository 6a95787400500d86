import { hash } from 'node:crypto'
import type { IntegrationConfig } from '../config/read-integration.ts'
import { type Classified, classify, readData } from '../execute/classify.ts'
import type { Sent } from '../execute/send.ts'
import { isSuccess, sendOperation } from '../execute/send-operation.ts'
import { failpoint } from '../failpoint.ts'
import { fingerprintToken } from '../ledger/fingerprint.ts'
import type { Operation } from '../mapping/operation.ts'
import { tellsOfWrites } from '../source/tells-of-writes.ts'
import type { ClaimedJob, JobNext, JobProgress } from '../store/jobs.ts'
import { startAttemptSpan, traceFields } from '../trace/trace-job.ts'
import { EXPIRED, isExpired, TOKEN_REVOKED } from './decide-next.ts'
import { finishJob } from './finish-job.ts'
import type { WorkContext } from './work-context.ts'

/** Longest wait for a cap that a job makes where it stands; a longer one sends it back to the queue, if nothing was read yet. */
const WAIT_IN_PLACE_MAX_MS = 5_000
/** How often a waiting job looks whether the service is stopping. */
const LOOK_MS = 250
/** Characters of an answer that are kept with its attempt. */
const RESPONSE_CHARS_MAX = 2_048

export interface AttemptRequest {
  step: string
  operation: Operation
  variables: Record<string, unknown>
  /** What the job keeps where it must wait before anything was sent. */
  progress: JobProgress
  /** Stored with the intent (writes whose answer may have to be verified); null for the rest. */
  progressAtIntent: JobProgress | null
  /** True where earlier steps of this run were reads that a later run would have to repeat. */
  hasReads: boolean
}

/** `sent`: an answer or its absence, to be judged and recorded by the caller. `moved`: the job went elsewhere before anything was sent. */
export type Attempted =
  | {
      kind: 'sent'
      attemptSeq: number
      classified: Classified
      data: Record<string, unknown>
      response: string | null
      token: string
      /** The token was revoked while the request was under way. */
      isRevoked: boolean
    }
  | { kind: 'moved' }

/**
 * Makes one attempt: waits for the caps, has the intent on disk before any byte leaves, sends, and classifies what came
 * back. The outcome is the caller's to record, together with what it means for the job.
 */
export async function runAttempt(job: ClaimedJob, request: AttemptRequest, context: WorkContext): Promise<Attempted> {
  const config = context.live.setup.config
  const integration = config.integrations.get(job.integration)!
  const token = fingerprintToken(integration.token)
  const attemptSeq = await takeIntent(job, request, token, integration, context)
  if (attemptSeq === null) return { kind: 'moved' }
  failpoint('after_intent')

  const startedAt = performance.now()
  const span = startAttemptSpan(job, request, context.live.setup, context.now())
  const traceparent = span?.traceparent ?? null
  const sent = await sendOperation({ ...request, config, integration, agents: context.agents, traceparent })
  failpoint('after_response')
  const classified = classify({
    sent,
    effect: request.operation.effect,
    success: data => isSuccess(request.operation, data),
    hasSuccess: request.operation.success !== null,
    now: context.now(),
  })
  const ms = performance.now() - startedAt
  const { outcome } = classified
  context.activity.attempted(job.integration, outcome, ms, context.now())
  span?.end({ 'bridge.outcome': outcome }, outcome !== 'applied')
  context.log.info(
    {
      ...traceFields(job, context.live.setup),
      jobId: job.id,
      eventId: job.event.id,
      mapping: job.mapping,
      step: request.step,
      operation: request.operation.name,
      outcome,
      verdict: classified.verdict,
      status: classified.status,
      code: classified.code,
      ms: Math.round(ms),
    },
    'attempt',
  )
  return {
    kind: 'sent',
    attemptSeq,
    classified,
    data: readData(sent),
    response: responseOf(sent, classified),
    token,
    isRevoked: context.agents.isRevoked(token),
  }
}

async function takeIntent(
  job: ClaimedJob,
  request: AttemptRequest,
  token: string,
  integration: IntegrationConfig,
  context: WorkContext,
): Promise<number | null> {
  const variables = JSON.stringify(request.variables)
  const requestHash = hash('sha256', `${request.operation.document}\n${variables}`, 'hex')
  for (;;) {
    if (isExpired(job, request.progress, context.now())) {
      await finishJob(job, EXPIRED, request.progress, context)
      return null
    }
    const answer = await context.store.recordIntent({
      jobSeq: job.seq,
      bootId: context.bootId,
      integration: job.integration,
      token,
      step: request.step,
      operation: request.operation.name,
      effect: request.operation.effect,
      requestHash,
      variables,
      caps: integration.caps,
      now: context.now(),
      progress: request.progressAtIntent,
      mayEcho: [...context.live.setup.config.sources.values()].some(tellsOfWrites),
    })
    if (answer.granted) return answer.attemptSeq
    if (answer.reason === 'lease_lost') return null
    if (!('retryAt' in answer)) {
      await release(job, request.progress, context, context.now(), answer.reason, STOPPED[answer.reason])
      context.onGateChange()
      return null
    }
    const wait = answer.retryAt - context.now()
    if (wait > WAIT_IN_PLACE_MAX_MS && !request.hasReads) {
      context.gates.closeUntil(job.integration, answer.retryAt)
      await release(
        job,
        request.progress,
        context,
        answer.retryAt,
        answer.reason,
        'Waiting for the limits of the integration',
      )
      return null
    }
    await context.sleep(Math.min(Math.max(wait, 1), LOOK_MS))
    if (context.stopping()) {
      await release(
        job,
        request.progress,
        context,
        context.now(),
        'stopped',
        'The service stopped while the job waited',
      )
      return null
    }
  }
}

/** Why nothing is sent now, whoever's word that is. */
const STOPPED = {
  token_refused: 'The token is not accepted at the moment',
  token_revoked: TOKEN_REVOKED,
  integration_held: 'The token is not accepted at the moment',
  integration_paused: 'The integration is paused',
  mapping_paused: 'The mapping is paused',
  source_paused: 'The source is paused',
} as const

/** Gives a job back with what it has behind it by now: writes that were applied stay applied, a doubt stays a doubt. */
async function release(
  job: ClaimedJob,
  progress: JobProgress,
  context: WorkContext,
  nextAttemptAt: number,
  reason: string,
  message: string,
): Promise<void> {
  const next: JobNext =
    progress.doubt === null
      ? { state: 'queued', nextAttemptAt, counts: false, reason, message }
      : { state: 'in_doubt', nextAttemptAt, reason, message }
  await context.store.finishJob({ jobSeq: job.seq, bootId: context.bootId, now: context.now(), next, progress })
}

/** What was read needs no keeping: it can be read again. */
function responseOf(sent: Sent, classified: Classified): string | null {
  if (sent.kind !== 'answered') return null
  return classified.outcome === 'applied' ? null : sent.body.slice(0, RESPONSE_CHARS_MAX)
}
