import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { isAllowed } from '../../src/admin/admin-keys.ts'
import { type Admitted, admit } from '../../src/admin/admit.ts'
import { apiRoutesOf, type RouteDoc } from '../../src/admin/api-routes.ts'
import { auditRequest } from '../../src/admin/audit-request.ts'
import type { AdminRole } from '../../src/config/read-admin.ts'
import { BridgeError } from '../../src/errors.ts'
import { createFailureGate, type FailureGate } from '../../src/failure-gate.ts'
import { KEYS_COOL_DOWN_MS } from '../../src/verify/key-set.ts'

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
    /** Whose key or token it carries; set on every route of `/api`. */
    admin: { name: string; role: AdminRole } | null
  }
}

/** By application: the hooks are made once for each folder below, which share what they know of failures. */
const gates = new WeakMap<object, FailureGate<FastifyRequest>>()

/**
 * Lets an admin key, or a person by a token, into `/api`, before a body is read. A route without a role or a description
 * cannot be registered; failures count together with those of `/hooks`, and an address with too many is told to wait.
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
    const admitted = await admit(bridge, request.raw.rawHeaders, Date.now())
    if (!admitted.ok) return refuse(request, reply, admitted)
    const { name, key } = admitted
    const bearer = key === null ? 'person' : 'admin key'
    request.admin = { name, role: admitted.role }
    if (key !== null) bridge.keyUses.note(key)
    const count = await app.countRequest(request)
    if (!count.isAllowed && count.isExceeded) {
      const retryAfterSec = Math.max(1, Math.ceil(count.ttlInSeconds))
      throw new BridgeError(
        'too_many_requests',
        `Too many requests ${key === null ? 'by this person' : 'with this admin key'}`,
        { retryAfterSec },
      )
    }
    const { role } = request.routeOptions.config
    // counted before: each refusal is a row of the audit
    if (role === undefined || !isAllowed(admitted.role, role))
      throw new BridgeError('forbidden', `The role of this ${bearer} does not allow it: expected ${role ?? 'another'}`)
    reply.header('cache-control', 'no-store')
  })
  app.addHook('onSend', async (request, reply) => auditRequest(bridge, request, reply.statusCode))

  async function refuse(
    request: FastifyRequest,
    reply: FastifyReply,
    { reason, name }: Extract<Admitted, { ok: false }>,
  ): Promise<never> {
    bridge.log.info(
      { outcome: 'rejected', reason, address: request.ip, ...(name !== null && { admin: name }) },
      'admin',
    )
    if (reason === 'keys_unavailable')
      throw new BridgeError('keys_unavailable', 'The keys to check the token with cannot be fetched now', {
        retryAfterSec: KEYS_COOL_DOWN_MS / 1_000,
      })
    bridge.unauthorized.add()
    await gate.count(request)
    if (reason === 'role_missing')
      throw new BridgeError('forbidden', 'The issuer gives you no role here: see admin.oidc.roles')
    reply.header('www-authenticate', 'Bearer')
    const orToken = bridge.live.setup.config.oidc === null ? '' : ', or a token of the issuer'
    throw new BridgeError('unauthorized', `An admin key is needed${orToken}: Authorization: Bearer <key>`)
  }
}
