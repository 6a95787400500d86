import type { FastifyInstance, FastifyReply, FastifyRequest, HTTPMethods } from 'fastify'
import { BridgeError } from '../../src/errors.ts'
import { failpoint, isArmed } from '../../src/failpoint.ts'
import { createFailureGate } from '../../src/failure-gate.ts'
import { UNKNOWN_SOURCE } from '../../src/metrics/activity.ts'
import { type Receipt, receive } from '../../src/receive.ts'
import { keepCredentials } from '../../src/source/kept-credentials.ts'
import { redactHeaders } from '../../src/source/redact-headers.ts'
import { SAMPLE_BYTES_MAX } from '../../src/source/rejected-log.ts'
import type { Source } from '../../src/source/source.ts'
import type { RejectedSample } from '../../src/store/receipts.ts'
import type { EventResult } from '../../src/store/reports.ts'
import { traceDelivery } from '../../src/trace/trace-delivery.ts'
import { answerHandshake } from '../../src/verify/answer-handshake.ts'
import type { DeliveryHead } from '../../src/verify/delivery.ts'
import { KEYS_COOL_DOWN_MS } from '../../src/verify/key-set.ts'
import { POSTBACK_COOL_DOWN_MS } from '../../src/verify/postback.ts'
import { redactQuery } from '../../src/verify/read-parameter.ts'
import { createWaiting, hasFailed } from '../../src/wait-for-jobs.ts'
import { checkContent } from './check-content.ts'
import { gatherBody } from './gather-body.ts'
import { readBody } from './read-body.ts'
import { readWait } from './read-wait.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** The source a delivery is for; set before its body is read. */
    source: Source | null
    /** What the delivery came to, where that is known; else its status says it. */
    outcome: string | null
  }
}

type Params = { source: string; eventType?: string }
const EVENT_TYPE = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$/

/** `/hooks/:source[/:eventType]`: takes deliveries. Everything that can be decided from the headers is decided before the body is read. */
export default async function hooksRoute(app: FastifyInstance): Promise<void> {
  const { bridge } = app
  const gate = createFailureGate<FastifyRequest>(app.countFailure)
  const waiting = createWaiting(bridge.store)
  /** Refused deliveries whose bodies are still on their way. */
  const gatherings = new Set<Promise<void>>()
  app.decorateRequest('source', null)
  app.decorateRequest('outcome', null)
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (request, payload, done) => readBody(payload, request.source!.bodyBytesMax, done))

  app.addHook<{ Params: Params }>('onRequest', async (request, reply) => {
    await gate.refuseFailing(request)
    const source = findSource(request)
    if (source === null) {
      await gate.count(request)
      throw new BridgeError('not_found', 'Not found')
    }
    if (source.retired) throw new BridgeError('source_retired', 'This source is retired')
    const { scheme, secrets } = source
    if (HEAD_ONLY.has(request.method)) {
      const head = { ...headOf(request), body: Buffer.alloc(0) }
      const needsProof = scheme.isAsync === true && scheme.handshaking !== undefined
      const judged = needsProof ? await scheme.verify(head, secrets, Date.now()) : undefined
      const answer = answerHandshake(head, scheme, secrets, Date.now(), judged)
      if (answer !== null) {
        request.outcome = 'handshake'
        return reply.code(answer.status).headers(answer.headers).send(answer.body)
      }
    }
    if (!source.methods.includes(request.method)) {
      reply.header('allow', source.allow)
      throw new BridgeError('method_not_allowed', `Only ${source.allow} is allowed here`)
    }
    checkContent(request.raw, source)
    if (scheme.headersOnly) {
      const verification = await scheme.verifyHead(headOf(request), secrets, Date.now())
      if (!verification.ok)
        await refuse(request, source, verification.reason, gatherBody(request.raw, SAMPLE_BYTES_MAX))
    }
    request.source = source
  })

  app.addHook<{ Params: Params }>('onResponse', (request, reply, done) => {
    const name = bridge.live.setup.sources.get(request.params.source)?.name ?? UNKNOWN_SOURCE
    const outcome = request.outcome ?? OUTCOMES[reply.statusCode] ?? 'failed'
    // the end of such an answer waits: for jobs, or for what is left of the body
    const hasWaited = reply.hasHeader('preference-applied') || reply.hasHeader('connection')
    bridge.activity.answered(name, outcome, hasWaited ? null : reply.elapsedTime, Date.now())
    done()
  })
  app.addHook('onClose', async () => void (await Promise.all(gatherings)))
  if (isArmed('after_answer')) app.addHook('onResponse', async () => failpoint('after_answer'))
  app.route<{ Params: Params }>({ method: METHODS, url: '/:source', handler })
  app.route<{ Params: Params }>({ method: METHODS, url: '/:source/:eventType', handler })

  async function handler(request: FastifyRequest<{ Params: Params }>, reply: FastifyReply): Promise<unknown> {
    const source = request.source!
    const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0)
    // the store's thread takes the memory of what it records: afterwards the body is empty
    const bytes = body.byteLength
    const receivedAt = Date.now()
    const receipt = await receive(
      {
        ...headOf(request),
        source,
        body,
        urlType: request.params.eventType ?? null,
        contentType: request.headers['content-type'] ?? null,
        receivedAt,
      },
      bridge.custody,
    )
    if (receipt.kind === 'answered') {
      request.outcome = 'handshake'
      bridge.log.info({ source: source.name, outcome: 'handshake' }, 'delivery')
      return reply.code(receipt.answer.status).headers(receipt.answer.headers).send(receipt.answer.body)
    }
    if (receipt.kind === 'refused') return refuse(request, source, receipt.reason, body)
    if (receipt.kind === 'malformed') throw new BridgeError('malformed_body', receipt.message)
    failpoint('before_answer')
    request.outcome = receipt.outcome
    logDelivery(source, receipt, bytes, { headers: request.raw.rawHeaders, receivedAt })
    if (receipt.outcome === 'id_conflict') reply.code(source.conflictStatus)
    const { eventId, outcome } = receipt
    const waitMs = source.mayWait && LEADS_ON.has(outcome) ? readWait(request.headers.prefer) : null
    const led = waitMs === null ? null : await waitForJobs(request, reply, eventId, waitMs)
    // a connection that is idle only from now on would keep the server from closing for as long as it may be kept alive
    if (bridge.closing) reply.header('connection', 'close')
    return { eventId, outcome, ...led }
  }

  /** What the event led to, or null where that is not known in time: then the answer is the ordinary one. */
  async function waitForJobs(
    { raw }: FastifyRequest,
    reply: FastifyReply,
    eventId: string,
    waitMs: number,
  ): Promise<{ routed: string; jobs: EventResult['jobs'] } | null> {
    let isGone = false
    reply.raw.once('close', () => {
      isGone = true
    })
    // nothing is sent meanwhile, and a silent connection would be closed; Node sets its own time again after the answer
    raw.socket.setTimeout(waitMs + WAIT_MARGIN_MS)
    const waited = await waiting.wait(eventId, waitMs, () => isGone || bridge.closing)
    if (waited.kind === 'full') return null
    reply.header('preference-applied', 'wait')
    if (waited.kind === 'late') return null
    const { outcome: routed, jobs } = waited.outcome
    if (hasFailed(waited.outcome)) reply.code(STATUS_FAILED)
    return { routed, jobs }
  }

  function findSource(request: FastifyRequest<{ Params: Params }>): Source | null {
    const { eventType } = request.params
    if (eventType !== undefined && !EVENT_TYPE.test(eventType)) return null
    return bridge.live.setup.sources.get(request.params.source) ?? null
  }

  async function refuse(
    request: FastifyRequest<{ Params: Params }>,
    source: Source,
    reason: string,
    body: Buffer | Promise<Buffer | null>,
  ): Promise<never> {
    const refused = { ...headOf(request), reason, type: request.params.eventType ?? null, receivedAt: Date.now() }
    if (Buffer.isBuffer(body)) keepRefused(source, refused, body)
    else {
      // the answer does not wait for it
      const gathering = body.then(gathered => keepRefused(source, refused, gathered))
      gatherings.add(gathering)
      void gathering.finally(() => gatherings.delete(gathering))
    }
    request.outcome = 'rejected'
    bridge.activity.refused(source.name, reason)
    bridge.log.info({ source: source.name, outcome: 'rejected', reason, address: request.ip }, 'delivery')
    if (reason === 'keys_unavailable')
      throw new BridgeError('keys_unavailable', 'The keys to check the token with cannot be fetched now', {
        retryAfterSec: KEYS_COOL_DOWN_MS / 1_000,
      })
    if (reason === 'verifier_unavailable' || reason === 'verifier_refuses_us')
      throw new BridgeError('verifier_unavailable', 'The sender cannot be asked now whether the delivery is genuine', {
        retryAfterSec: POSTBACK_COOL_DOWN_MS / 1_000,
      })
    await gate.count(request)
    throw new BridgeError('unauthorized', 'The delivery is not authentic')
  }

  function keepRefused(
    source: Source,
    { rawHeaders, ...refused }: DeliveryHead & Pick<RejectedSample, 'reason' | 'type' | 'receivedAt'>,
    body: Buffer | null,
  ): void {
    const { query, receivedAt } = refused
    bridge.rejected.add({
      ...refused,
      source: source.name,
      query: redactQuery(query, source.secretParameters),
      headers: redactHeaders(rawHeaders, source.secretHeaders),
      body: body === null ? null : source.redactBody(body),
      credentials: body === null ? [] : keepCredentials(source.definition, { rawHeaders, query, body }, receivedAt),
    })
  }

  function logDelivery(
    { name: source }: Source,
    { eventId, outcome }: Extract<Receipt, { kind: 'taken' }>,
    bytes: number,
    traced: { headers: readonly string[]; receivedAt: number },
  ): void {
    const trace = traceDelivery({ id: eventId, source, outcome, ...traced }, bridge.live.setup)
    bridge.log.info({ source, eventId, outcome, bytes, ...trace }, 'delivery')
  }
}

/** Failed Dependency (RFC 4918 11.4): taken, but what it asked for failed. `curl --fail` fails on it, and `--retry` does not retry. */
const STATUS_FAILED = 424
/** What a delivery came to where only its status says so: a closed list, for a label. */
const OUTCOMES: Readonly<Record<number, string>> = {
  400: 'malformed',
  401: 'rejected',
  404: 'not_found',
  405: 'method_not_allowed',
  410: 'retired',
  413: 'too_large',
  415: 'media_type',
  429: 'too_many_failures',
  503: 'unavailable',
}
/** How much longer than a wait a connection may be silent. */
const WAIT_MARGIN_MS = 10_000
/** Outcomes of custody behind which there is an event that leads to something. */
const LEADS_ON: ReadonlySet<string> = new Set(['recorded', 'duplicate', 'replayed'])

/** Requests with which some senders ask whether a URL is theirs to call. */
const HEAD_ONLY = new Set(['GET', 'HEAD', 'OPTIONS'])
const METHODS: HTTPMethods[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE']

function headOf(request: FastifyRequest): DeliveryHead {
  const { url, rawHeaders } = request.raw
  const start = url!.indexOf('?')
  return { method: request.method, query: start === -1 ? '' : url!.slice(start + 1), rawHeaders }
}
