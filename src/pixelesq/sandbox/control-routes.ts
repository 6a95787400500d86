import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { faultSchema } from './faults.ts'
import { addCollection } from './model.ts'
import { REQUESTS_PER_WINDOW_MAX } from './rate-limit.ts'
import { reportState, type SandboxState } from './sandbox-state.ts'

const requestsMax = z.int().min(0).max(REQUESTS_PER_WINDOW_MAX).optional()

export const limitsSchema = z.strictObject({
  perMinute: requestsMax,
  perDay: requestsMax,
  concurrent: requestsMax,
  retryAfter: z.enum(['seconds', 'date', 'none']).optional(),
})

const tokenSchema = z.strictObject({
  name: z.string().min(1),
  token: z.string().min(1).optional(),
  role: z.enum(['Owner', 'Editor', 'Viewer']).optional(),
  revoked: z.boolean().optional(),
})

const resetSchema = z.strictObject({ seed: z.enum(['demo', 'empty']).optional() })

const collectionSchema = z.strictObject({
  id: z.string().min(1),
  projectId: z.string().default('prj_demo'),
  name: z.string().min(1),
  slug: z.string().min(1),
  hasPages: z.boolean().default(false),
  templateEmpty: z.boolean().default(false),
  fields: z.array(
    z.strictObject({
      name: z.string().min(1),
      type: z.string().min(1),
      label: z.string().default(''),
      required: z.boolean().default(false),
      list: z.boolean().default(false),
      options: z.string().nullable().default(null),
      to: z.string().nullable().default(null),
      helpText: z.string().nullable().default(null),
      config: z
        .looseObject({ time: z.boolean().default(false) })
        .nullable()
        .default(null),
    }),
  ),
})

/**
 * The control API under `/sandbox/`, for tests in other processes and for people. It asks for no token: the sandbox
 * listens on the loopback address and holds nothing of value. No answer holds a token.
 */
export function registerControlRoutes(app: FastifyInstance, state: SandboxState): void {
  app.get('/sandbox/state', () => reportState(state.model))
  app.get('/sandbox/ledger', request => {
    const { since } = z.object({ since: z.coerce.number().int().min(0).default(0) }).parse(request.query)
    return state.ledger.read(since)
  })
  app.post('/sandbox/reset', request => {
    state.reset(resetSchema.parse(request.body ?? {}).seed)
    return { ok: true }
  })
  app.get('/sandbox/tokens', () => ({ tokens: state.tokens.list() }))
  app.post('/sandbox/tokens', (request, reply) => {
    const record = state.tokens.change(tokenSchema.parse(request.body))
    return record === null ? reply.code(400).send(describeProblem('a new name needs a token')) : { ...record }
  })
  app.get('/sandbox/limits', () => state.limiter.settings())
  app.post('/sandbox/limits', request => {
    state.limiter.change(limitsSchema.parse(request.body ?? {}))
    return state.limiter.settings()
  })
  app.get('/sandbox/faults', () => ({ faults: state.faults.list() }))
  app.post('/sandbox/faults', request => {
    // not a union with a list: of that, all that is said is that neither fits
    const faults = z.array(faultSchema).parse(Array.isArray(request.body) ? request.body : [request.body])
    return { faults: faults.map(fault => state.faults.add(fault)) }
  })
  app.delete('/sandbox/faults', () => {
    state.faults.clear()
    return { ok: true }
  })
  app.post('/sandbox/collections', request => {
    const { id } = addCollection(state.model, collectionSchema.parse(request.body))
    return { id }
  })
}

export function describeProblem(message: string): { error: { code: string; message: string } } {
  return { error: { code: 'bad_request', message } }
}
