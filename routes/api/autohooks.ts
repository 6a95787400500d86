import type { FastifyInstance, FastifyRequest } from 'fastify'
import { findAdminKey, isAllowed, readBearerKey } from '../../src/admin/admin-keys.ts'
import { apiRoutesOf, type RouteDoc } from '../../src/admin/api-routes.ts'
import { auditRequest } from '../../src/admin/audit-request.ts'
import type { AdminRole } from '../../src/config/read-admin.ts'
import { BridgeError } from '../../src/errors.ts'
import { createFailureGate, type FailureGate } from '../../src/failure-gate.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Who may use a route of `/api`. */
    role?: AdminRole
    /** What it takes and gives: see `/api/openapi.json`. */
    doc?: RouteDoc
    /** Accounted for although it changes nothing: it gives out what senders sent, or all of the audit. */
    isAudited?: boolean
  }
  interface FastifyRequest {
    /** Whose key it carries; set on every route of `/api`. */
    admin: { name: string; role: AdminRole } | null
  }
}

/** By application: the hooks are made once for each folder below, which share what they know of failures. */
const gates = new WeakMap<object, FailureGate<FastifyRequest>>()

/**
 * Lets an admin key into `/api`, before a body is read. A route without a role or a description cannot be registered;
 * failures count together with those of `/hooks`, and an address with too many is told to wait.
 */
export default async function apiHooks(app: FastifyInstance): Promise<void> {
  const { bridge } = app
  const gate = gates.get(bridge) ?? createFailureGate<FastifyRequest>(app.countFailure)
  gates.set(bridge, gate)
  app.decorateRequest('admin', null)
  app.addHook('onRoute', ({ method, url, config }) => {
    if (config?.role === undefined || config.doc === undefined)
      throw new Error(`${String(method)} ${url}: expected "role" and "doc" in its config, found none`)
    const { role, doc } = config
    if (method !== 'HEAD')
      apiRoutesOf(bridge).push({ method: String(method), url: url.replace(/(.)\/$/, '$1'), role, doc })
  })
  app.addHook('onRequest', async (request, reply) => {
    await gate.refuseFailing(request)
    const presented = readBearerKey(request.raw.rawHeaders)
    const key = presented === null ? null : findAdminKey(presented, bridge.adminKeys())
    if (key === null) {
      bridge.log.info({ outcome: 'rejected', address: request.ip }, 'admin')
      bridge.unauthorized.add()
      await gate.count(request)
      reply.header('www-authenticate', 'Bearer')
      throw new BridgeError('unauthorized', 'An admin key is needed: Authorization: Bearer <key>')
    }
    request.admin = { name: key.name, role: key.role }
    const { role } = request.routeOptions.config
    if (role === undefined || !isAllowed(key.role, role))
      throw new BridgeError('forbidden', `The role of this admin key does not allow it: expected ${role ?? 'another'}`)
    bridge.keyUses.note(key)
    const count = await app.countRequest(request)
    if (!count.isAllowed && count.isExceeded) {
      const retryAfterSec = Math.max(1, Math.ceil(count.ttlInSeconds))
      throw new BridgeError('too_many_requests', 'Too many requests with this admin key', { retryAfterSec })
    }
    reply.header('cache-control', 'no-store')
  })
  app.addHook('onSend', async (request, reply) => auditRequest(bridge, request, reply.statusCode))
}
