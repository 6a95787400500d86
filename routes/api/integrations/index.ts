import type { FastifyInstance } from 'fastify'
import { noBody, noQuery } from '../../../src/admin/question-parts.ts'
import { readRequest } from '../../../src/admin/read-request.ts'
import { integrationsAnswer, tokenActAnswer } from '../../../src/admin/setup-answers.ts'
import { revokeBody } from '../../../src/admin/setup-questions.ts'
import { viewIntegrations } from '../../../src/admin/view-integration.ts'
import { BridgeError } from '../../../src/errors.ts'
import { adminActor } from '../../../src/store/audit.ts'
import { addPauseRoutes } from '../pause-routes.ts'

type WithName = { Params: { name: string } }

/** `/api/integrations`: the token ledger, by fingerprint, and what a person may do about a token. */
export default async function integrationsRoute(app: FastifyInstance): Promise<void> {
  const { bridge } = app
  const doc = { summary: 'Integrations and the ledger of their tokens', query: noQuery, answer: integrationsAnswer }

  app.get('/', { config: { role: 'viewer', doc } }, async request => {
    readRequest(noQuery, request.query)
    const { live, store, readCircuit } = bridge
    const [states, writes, pauses] = await Promise.all([
      store.readIntegrations(),
      store.readTokenWrites(),
      store.readPauses(),
    ])
    const { integrations } = live.setup.config
    return { integrations: viewIntegrations(integrations, { states, writes, pauses, readCircuit, now: Date.now() }) }
  })

  app.post<WithName>(
    '/:name/rotate',
    {
      config: {
        role: 'operator',
        doc: {
          summary:
            'Read the token of an integration anew from where bridge.json says it is, try it, and put it in force',
          query: noQuery,
          body: noBody,
          answer: tokenActAnswer,
          errors: ['not_found', 'token_unreadable', 'token_not_accepted'],
        },
      },
    },
    async request => {
      readRequest(noQuery, request.query)
      readRequest(noBody, request.body)
      const { name } = request.params
      const admin = request.admin!.name
      const rotation = await bridge.rotateToken(name, adminActor(admin))
      const outcome = rotation.ok ? { changed: rotation.changed } : { refused: rotation.reason }
      bridge.log.info({ admin, act: 'rotate', integration: name, ...outcome }, 'act')
      if (!rotation.ok) throw new BridgeError(rotation.reason, rotation.message)
      const { fingerprint, message } = rotation
      return { name, fingerprint, state: 'active' as const, message }
    },
  )

  app.post<WithName>(
    '/:name/revoke',
    {
      config: {
        role: 'operator',
        doc: {
          summary:
            'Stop a token for good, in every integration that has it: requests under way are ended, jobs wait for another token',
          query: noQuery,
          body: revokeBody,
          answer: tokenActAnswer,
          errors: ['not_found'],
        },
      },
    },
    async request => {
      readRequest(noQuery, request.query)
      const { token = null } = readRequest(revokeBody, request.body)
      const { name } = request.params
      const actor = request.admin!.name
      const answer = await bridge.revokeToken({ integration: name, token, actor, now: Date.now() })
      bridge.log.warn({ admin: actor, act: 'revoke', integration: name, ...answer }, 'act')
      if (!answer.ok) throw new BridgeError('not_found', 'No integration of this name has such a token')
      const others = answer.integrations.filter(other => other !== name)
      const shared = others.length === 0 ? '' : `, also for ${others.join(', ')}`
      const message = answer.changed
        ? `No request carries it any more${shared}; jobs wait until another token is in force (rotate)`
        : 'It was revoked before'
      return { name, fingerprint: answer.token, state: 'revoked' as const, message }
    },
  )

  addPauseRoutes(app, 'integration', name => bridge.live.setup.config.integrations.has(name))
}
