import type { FastifyInstance, FastifyRequest } from 'fastify'
import { findAdminKey, readBearerKey } from '../../src/admin/admin-keys.ts'
import { BridgeError } from '../../src/errors.ts'
import { createFailureGate } from '../../src/failure-gate.ts'
import { METRICS_TYPE, renderMetrics } from '../../src/metrics/render-metrics.ts'

/** `GET /metrics`, as Prometheus reads it: with an admin key of any role, or with none where `metrics.public` says so. */
export default async function metricsRoute(app: FastifyInstance): Promise<void> {
  const { bridge } = app
  const gate = createFailureGate<FastifyRequest>(app.countFailure)
  app.addHook('onRequest', async (request, reply) => {
    if (bridge.live.setup.config.metrics.isPublic) return
    await gate.refuseFailing(request)
    const presented = readBearerKey(request.raw.rawHeaders)
    if (presented !== null && findAdminKey(presented, bridge.adminKeys()) !== null) return
    bridge.log.info({ outcome: 'rejected', address: request.ip }, 'admin')
    await gate.count(request)
    reply.header('www-authenticate', 'Bearer')
    throw new BridgeError('unauthorized', 'An admin key is needed: Authorization: Bearer <key>')
  })
  app.get('/', async (_request, reply) => {
    const text = await renderMetrics(bridge, Date.now())
    return reply.header('cache-control', 'no-store').type(METRICS_TYPE).send(text)
  })
}
