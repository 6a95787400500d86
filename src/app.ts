import { isIPv6 } from 'node:net'
import { fileURLToPath } from 'node:url'
import autoload from '@fastify/autoload'
import rateLimit from '@fastify/rate-limit'
import Fastify, {
  type FastifyBaseLogger,
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from 'fastify'
import { answerClientError, refuseExpectation } from './answer-client-error.ts'
import type { Bridge } from './bridge.ts'
import { findRequestProblem, leavesBody } from './check-request.ts'
import { BridgeError, type ErrorCode } from './errors.ts'
import { lingerAfter } from './linger.ts'

declare module 'fastify' {
  interface FastifyInstance {
    bridge: Bridge
    /** Counts failed authentications and unknown names per address; `increment: false` only looks. */
    countFailure: ReturnType<FastifyInstance['createRateLimit']>
    /** Counts requests per admin key, and per person. */
    countRequest: ReturnType<FastifyInstance['createRateLimit']>
  }
}

/** Headers, request, keep-alive: longest times in ms (semantics.md 8). */
const HEADERS_TIMEOUT_MS = 10_000
const REQUEST_TIMEOUT_MS = 30_000
const KEEP_ALIVE_TIMEOUT_MS = 72_000
/** How long a connection may be silent, in ms: longer than a request may take, because it is ended without an answer, and that one with 408. */
const SILENCE_TIMEOUT_MS = 35_000
/** How often Node looks for requests over their time; its own 30 s would let a slow one live three times as long. */
const TIMEOUT_CHECK_MS = 1_000
/** Largest body any source may have, in bytes; each source has its own limit below it. */
const BODY_BYTES_MAX = 104_857_600
/** Addresses whose failures are remembered at once. */
const FAILING_ADDRESSES_MAX = 10_000

/** The one place where a code of ours becomes an HTTP status. */
const STATUS: Partial<Record<ErrorCode, number>> = {
  unauthorized: 401,
  forbidden: 403,
  invalid_request: 400,
  busy: 409,
  files_differ: 409,
  wrong_state: 409,
  job_changed: 409,
  in_doubt: 409,
  not_in_doubt: 409,
  payload_pruned: 410,
  not_planned: 409,
  no_webhook: 409,
  overtaken: 409,
  still_refused: 409,
  master_key_unusable: 409,
  secret_in_use: 409,
  secret_exists: 409,
  secrets_full: 409,
  token_unreadable: 409,
  token_not_accepted: 409,
  not_found: 404,
  method_not_allowed: 405,
  source_retired: 410,
  not_reconcilable: 409,
  body_too_large: 413,
  media_type_unsupported: 415,
  malformed_body: 400,
  id_conflict: 422,
  too_many_failures: 429,
  too_many_requests: 429,
  backlog_full: 503,
  keys_unavailable: 503,
  verifier_unavailable: 503,
  store_unavailable: 503,
  shutting_down: 503,
}

/** Routes are checked by zod and give no schema to Fastify: without this it loads ajv and a serializer all the same (1.3 MB). */
const NO_SCHEMAS = {
  buildValidator: refuseSchema,
  buildSerializer: refuseSchema,
}

function refuseSchema(): never {
  throw new Error('a route has a schema for Fastify; routes are checked by zod')
}

export interface AppOptions {
  bridge: Bridge
  logger: FastifyBaseLogger
  trustedProxies: readonly string[]
}

/** Builds the HTTP application: plugins, one decorator, the error handler, the routes. It does not listen. */
export async function buildApp({ bridge, logger, trustedProxies }: AppOptions): Promise<FastifyInstance> {
  const app = Fastify({
    loggerInstance: logger,
    // one line per delivery is written where its outcome is known
    logController: new LogController({ disableRequestLogging: true }),
    requestIdHeader: false,
    trustProxy: trustedProxies.length === 0 ? false : [...trustedProxies],
    bodyLimit: BODY_BYTES_MAX,
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    connectionTimeout: SILENCE_TIMEOUT_MS,
    // Host is checked below, with an answer of ours
    http: {
      headersTimeout: HEADERS_TIMEOUT_MS,
      connectionsCheckingInterval: TIMEOUT_CHECK_MS,
      requireHostHeader: false,
    },
    clientErrorHandler: answerClientError,
    // a path that cannot be decoded or is too long names nothing of ours; Fastify's own answer repeats it
    frameworkErrors: (_error, request, reply) => sendNotFound(request, reply),
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    routerOptions: { maxParamLength: 128 },
    schemaController: { compilersFactory: NO_SCHEMAS },
  })
  app.server.on('checkExpectation', refuseExpectation)
  await app.register(rateLimit, { global: false, keyGenerator: addressOf, cache: FAILING_ADDRESSES_MAX })
  app.decorate('bridge', bridge)
  app.decorate(
    'countFailure',
    app.createRateLimit({
      max: () => bridge.live.setup.config.limits.failedAuthPerMinuteMax,
      timeWindow: 60_000,
      keyGenerator: addressOf,
    }),
  )
  app.decorate(
    'countRequest',
    app.createRateLimit({
      max: () => bridge.live.setup.config.limits.apiPerMinuteMax,
      timeWindow: 60_000,
      keyGenerator: request => request.admin?.name ?? '',
    }),
  )

  app.addHook('onRequest', (request, reply, done) => {
    reply.header('x-content-type-options', 'nosniff')
    const problem = findRequestProblem(request.raw)
    if (problem !== null) {
      const { status, code, message } = problem
      reply.header('connection', 'close')
      sendError(reply.code(status), request, code, message)
      return
    }
    if (bridge.closing) {
      reply.header('connection', 'close')
      return done(new BridgeError('shutting_down', 'The bridge is shutting down', { retryAfterSec: 5 }))
    }
    // here, before its body would be parsed
    if (request.is404) return void sendNotFound(request, reply)
    done()
  })
  app.setErrorHandler<FastifyError>((error, request, reply) => {
    if (error instanceof BridgeError && STATUS[error.code] !== undefined) {
      if (error.retryAfterSec !== null) reply.header('retry-after', error.retryAfterSec)
      if (error.code === 'store_unavailable')
        bridge.log.error({ err: error, cause: error.cause }, 'the store refused a write')
      return sendError(reply.code(STATUS[error.code]!), request, error.code, error.message)
    }
    const unread = UNREAD_BODIES[error.code]
    if (unread !== undefined) return reply.code(400).send(errorBody('invalid_request', unread, request))
    const status = error.statusCode ?? 500
    if (status < 500)
      return sendError(reply.code(status), request, 'bad_request', CLIENT_ERRORS[status] ?? 'The request is not valid')
    bridge.log.error({ err: error }, 'a request failed')
    return sendError(reply.code(500), request, 'internal', 'Something went wrong')
  })
  await app.register(autoload, {
    dir: fileURLToPath(new URL('../routes', import.meta.url)),
    forceESM: true,
    matchFilter: (path: string) => /\/index\.(ts|js)$/.test(path),
    // what every route below a folder must pass: the admin key of /api
    autoHooks: true,
    autoHooksPattern: /^autohooks\.(ts|js)$/,
    cascadeHooks: true,
  })
  return app
}

function sendNotFound(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  reply.header('x-content-type-options', 'nosniff')
  return sendError(reply.code(404), request, 'not_found', 'Not found')
}

/** Answers with an error, also where the body of the request is still on its way. */
function sendError(reply: FastifyReply, request: FastifyRequest, code: string, message: string): FastifyReply {
  const body = errorBody(code, message, request)
  if (request.raw.destroyed || !leavesBody(request.raw)) return reply.send(body)
  const text = JSON.stringify(body)
  return reply
    .header('connection', 'close')
    .header('content-type', 'application/json; charset=utf-8')
    .header('content-length', Buffer.byteLength(text))
    .send(lingerAfter(text, request.raw))
}

const CLIENT_ERRORS: Record<number, string> = {
  400: 'The request is not valid HTTP',
  413: 'The body is larger than the limit',
  415: 'The media type of the body is not supported: expected application/json',
}

/** Bodies of `/api` that the framework could not read, by its code: those of `/hooks` are never parsed at the edge. */
const UNREAD_BODIES: Partial<Record<string, string>> = {
  FST_ERR_CTP_EMPTY_JSON_BODY: 'body: expected JSON, found none; where there is nothing to say, leave content-type out',
  FST_ERR_CTP_INVALID_JSON_BODY: 'body: expected JSON, found something else',
}

/** The body of every error answer (interface.md 6): nothing of the input, no stack. */
export function errorBody(
  code: string,
  message: string,
  request: FastifyRequest,
): { error: { code: string; message: string; requestId: string } } {
  return { error: { code, message, requestId: request.id } }
}

/** Whom a failure is counted against: the address, an IPv6 one by its /64, which one subscriber holds as a whole. */
function addressOf(request: FastifyRequest): string {
  const { ip } = request
  if (!isIPv6(ip) || ip.startsWith('::ffff:')) return ip
  const [head = '', tail = ''] = ip.split('::')
  const groups = head === '' ? [] : head.split(':')
  const missing = ip.includes('::') ? 8 - groups.length - (tail === '' ? 0 : tail.split(':').length) : 0
  return [...groups, ...Array<string>(missing).fill('0'), ...(tail === '' ? [] : tail.split(':'))]
    .slice(0, 4)
    .map(group => Number.parseInt(group, 16).toString(16))
    .join(':')
}
