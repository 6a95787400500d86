import { once } from 'node:events'
import { Readable } from 'node:stream'
import type { FastifyReply } from 'fastify'
import type { SpoilingFault } from './faults.ts'
import { type GraphqlResult, planDenial, planJson, planRateLimited, planResult, type ReplyPlan } from './reply-plan.ts'
import type { SandboxState } from './sandbox-state.ts'

/** Runs the request for real and gives its result. */
export type Run = (refusal: string | null) => Promise<GraphqlResult>

/** A reply to send, or null where the fault dealt with the socket itself; `status` is what left for the ledger. */
export type Spoilt = { plan: ReplyPlan; stream?: Readable } | { plan: null; status: number | null }

const HUGE_CHUNK = 'x'.repeat(65_536)

/** Answers a request as the fault says, applying it or not. */
export async function spoilAnswer(
  fault: SpoilingFault,
  state: SandboxState,
  reply: FastifyReply,
  run: Run,
): Promise<Spoilt> {
  switch (fault.kind) {
    case 'reset-before':
      return resetSocket(reply)
    case 'reset-after':
      await run(null)
      return resetSocket(reply)
    case 'status': {
      if (fault.apply) await run(null)
      return { plan: planStatus(fault) }
    }
    case 'garbage': {
      if (fault.apply) await run(null)
      return { plan: { ...planJson(200, null, 'GARBAGE'), body: '{"data": <html>upstream error</html>' } }
    }
    case 'truncated':
      return truncate(
        reply,
        planResult(fault.apply ? await run(null) : { data: null, errors: [{ message: 'Not applied on purpose.' }] }),
      )
    case 'refuse':
      return { plan: planResult(await run(fault.message ?? 'Refused by the sandbox on purpose.')) }
    case 'hang':
      if (fault.apply) await run(null)
      return hang(reply)
    case 'huge':
      return pad(fault.apply ? await run(null) : { data: null }, fault.bytes)
    case 'redirect':
      return { plan: { status: 307, headers: { location: fault.url }, body: '', errorCode: null } }
    case 'graphql-error':
      return { plan: planResult({ data: null, errors: [describeError(fault.message, fault.code)] }) }
    case 'partial': {
      const result = await run(null)
      return {
        plan: planResult({
          ...result,
          errors: [...(result.errors ?? []), describeError(fault.message, 'INTERNAL_SERVER_ERROR')],
        }),
      }
    }
    case 'unauthorized':
      return { plan: planDenial('UNAUTHENTICATED', state.errorsAs) }
    case 'forbidden':
      return { plan: planDenial('FORBIDDEN', state.errorsAs) }
    case 'rate-limit':
      return { plan: planLimited(fault.retryAfter, state) }
  }
}

function describeError(
  message: string,
  code: string | undefined,
): { message: string; extensions?: Record<string, unknown> } {
  return code === undefined ? { message } : { message, extensions: { code } }
}

function planLimited(retryAfter: string | number | null | undefined, state: SandboxState): ReplyPlan {
  if (retryAfter === undefined)
    return planRateLimited(state.errorsAs, state.limiter.settings().retryAfter, 1_000, Date.now())
  return planDenial('TOO_MANY_REQUESTS', state.errorsAs, retryAfter === null ? null : String(retryAfter))
}

function planStatus(fault: Extract<SpoilingFault, { kind: 'status' }>): ReplyPlan {
  const { status, body, headers } = fault
  const plan =
    typeof body === 'string'
      ? { status, headers: { 'content-type': 'text/html; charset=utf-8' }, body, errorCode: null }
      : planJson(status, body ?? { statusCode: status, message: 'The sandbox failed on purpose.' })
  return { ...plan, headers: { ...plan.headers, ...headers }, errorCode: `HTTP_${status}` }
}

/** RST instead of FIN: the client must see a reset, not an orderly end. */
function resetSocket(reply: FastifyReply): Spoilt {
  reply.hijack()
  reply.raw.socket?.resetAndDestroy()
  return { plan: null, status: null }
}

/** Announces the whole length, sends half, cuts. */
async function truncate(reply: FastifyReply, plan: ReplyPlan): Promise<Spoilt> {
  reply.hijack()
  const bytes = Buffer.from(plan.body)
  reply.raw.writeHead(plan.status, { ...plan.headers, 'content-length': bytes.length })
  await new Promise<void>(resolve => reply.raw.write(bytes.subarray(0, bytes.length >> 1), () => resolve()))
  reply.raw.socket?.destroy()
  return { plan: null, status: plan.status }
}

/** Ends when the client gives up or the server closes. */
async function hang(reply: FastifyReply): Promise<Spoilt> {
  reply.hijack()
  if (reply.raw.socket !== null && !reply.raw.socket.destroyed) await once(reply.raw, 'close')
  return { plan: null, status: null }
}

/** Valid JSON of more than `bytes`, made in pieces so that the sandbox does not hold it. */
function pad(result: GraphqlResult, bytes: number): Spoilt {
  const text = JSON.stringify(result)
  function* pieces(): Generator<string> {
    yield `${text.slice(0, -1)},"extensions":{"padding":"`
    for (let sent = 0; sent < bytes; sent += HUGE_CHUNK.length) yield HUGE_CHUNK
    yield '"}}'
  }
  return { plan: { ...planResult(result), body: '' }, stream: Readable.from(pieces(), { objectMode: false }) }
}
