import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { CONTENT_DEPTH_MAX, isTooDeep } from './content-rules.ts'
import { createDescriber } from './describe-operation.ts'
import type { LedgerEntry } from './ledger.ts'
import { type GraphqlResult, planDenial, planJson, planRateLimited, planResult, type ReplyPlan } from './reply-plan.ts'
import type { ResolverContext } from './resolvers.ts'
import type { SandboxState } from './sandbox-state.ts'
import { type Run, type Spoilt, spoilAnswer } from './spoil-answer.ts'

/** Depth of a request's variables: content plus the objects around it. */
const VARIABLES_DEPTH_MAX = CONTENT_DEPTH_MAX + 4

interface GraphqlBody {
  query: string
  variables: Record<string, unknown>
  operationName: string | null
}

type Describe = ReturnType<typeof createDescriber>

/**
 * `POST /graphql`: token, limits, role, faults, rules, in this order.
 * The route is ours and not mercurius's own because faults must be able to cut, pad or withhold the answer.
 */
export function registerGraphqlRoute(app: FastifyInstance, state: SandboxState): void {
  const describe = createDescriber()
  app.post('/graphql', async (request, reply) => {
    const entry = state.ledger.open(Date.now(), performance.now(), Number(request.headers['content-length'] ?? 0))
    const outcome = await answer(app, state, describe, request, reply, entry)
    entry.finishedMs = performance.now()
    entry.status = outcome.plan === null ? outcome.status : outcome.plan.status
    entry.errorCode = outcome.plan?.errorCode ?? null
    return outcome.plan === null
      ? reply
      : reply
          .code(outcome.plan.status)
          .headers(outcome.plan.headers)
          .send(outcome.stream ?? outcome.plan.body)
  })
}

async function answer(
  app: FastifyInstance,
  state: SandboxState,
  describe: Describe,
  request: FastifyRequest,
  reply: FastifyReply,
  entry: LedgerEntry,
): Promise<Spoilt> {
  const body = readBody(request.body)
  const operation = body === null ? null : describe(body.query, body.operationName)
  const tooDeep = body !== null && isTooDeep(body.variables, VARIABLES_DEPTH_MAX)
  entry.operationName = operation?.name ?? null
  entry.mutation = operation?.mutation ?? false
  entry.variables = body === null || tooDeep ? null : body.variables

  const token = state.tokens.find(request.headers.authorization)
  if (token === null) return { plan: planDenial('UNAUTHENTICATED', state.errorsAs) }
  entry.tokenName = token.name
  const admission = state.limiter.enter(token.name, entry.monotonicMs)
  if (!admission.ok) {
    return {
      plan: planRateLimited(state.errorsAs, state.limiter.settings().retryAfter, admission.retryAfterMs, Date.now()),
    }
  }
  entry.inFlight = admission.inFlight
  try {
    if (body === null || operation === null)
      return { plan: planBadInput(400, 'The body must be a JSON object with a query.') }
    if (tooDeep) return { plan: planBadInput(200, `Variables nest deeper than ${VARIABLES_DEPTH_MAX}.`) }
    if (operation.mutation && token.role === 'Viewer') return { plan: planDenial('FORBIDDEN', state.errorsAs) }
    const { delayMs, fault } = state.faults.take(operation.names)
    if (delayMs > 0) await delay(delayMs, state.closing)
    if (state.closing.aborted) return abandon(reply)
    const readOnly = token.role === 'Viewer'
    const query = operation.cacheableText ?? body.query
    const run: Run = refusal => execute(app, createContext(state, entry, readOnly, refusal), { ...body, query })
    entry.fault = fault?.kind ?? (delayMs > 0 ? 'delay' : null)
    return fault === null ? { plan: planResult(await run(null)) } : await spoilAnswer(fault, state, reply, run)
  } finally {
    state.limiter.leave(token.name)
  }
}

function readBody(body: unknown): GraphqlBody | null {
  if (typeof body !== 'object' || body === null || !('query' in body) || typeof body.query !== 'string') return null
  const variables = 'variables' in body ? (body.variables ?? {}) : {}
  if (typeof variables !== 'object' || Array.isArray(variables)) return null
  const operationName = 'operationName' in body && typeof body.operationName === 'string' ? body.operationName : null
  return { query: body.query, variables: variables as Record<string, unknown>, operationName }
}

function planBadInput(status: number, message: string): ReplyPlan {
  return planJson(
    status,
    { data: null, errors: [{ message, extensions: { code: 'BAD_USER_INPUT' } }] },
    'BAD_USER_INPUT',
  )
}

/** A request that was delayed until the server closed takes no effect any more. */
function abandon(reply: FastifyReply): Spoilt {
  reply.hijack()
  reply.raw.socket?.destroy()
  return { plan: null, status: null }
}

async function delay(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => {})
}

function createContext(
  state: SandboxState,
  entry: LedgerEntry,
  readOnly: boolean,
  refusal: string | null,
): ResolverContext {
  return {
    model: state.model,
    readOnly,
    refusal,
    recordEffect: effect => state.ledger.recordEffect(entry, effect),
    recordResult(resultId, resultSlug) {
      entry.resultId = resultId
      entry.resultSlug = resultSlug
    },
  }
}

/** mercurius throws on a document that does not parse or validate and answers everything else. */
async function execute(app: FastifyInstance, context: ResolverContext, body: GraphqlBody): Promise<GraphqlResult> {
  try {
    return await app.graphql(body.query, { ...context }, body.variables, body.operationName ?? undefined)
  } catch (error) {
    const errors = error instanceof Error && 'errors' in error && Array.isArray(error.errors) ? error.errors : [error]
    return { data: null, errors: errors.map(toPlainError) }
  }
}

function toPlainError(error: unknown): { message: string } {
  if (typeof error === 'object' && error !== null && 'toJSON' in error && typeof error.toJSON === 'function')
    return error.toJSON()
  return { message: error instanceof Error ? error.message : 'Unknown error.' }
}
