import type { FastifyInstance } from 'fastify'
import { integrationsAnswer } from '../../../src/admin/answers.ts'
import { noQuery } from '../../../src/admin/questions.ts'
import { readRequest } from '../../../src/admin/read-request.ts'
import { toIso } from '../../../src/admin/view-job.ts'
import type { IntegrationState } from '../../../src/store/tokens.ts'

/** `GET /api/integrations`: the token ledger, by fingerprint. */
export default async function integrationsRoute(app: FastifyInstance): Promise<void> {
  const doc = { summary: 'Integrations and the ledger of their tokens', query: noQuery, answer: integrationsAnswer }
  app.get('/', { config: { role: 'viewer', doc } }, async request => {
    readRequest(noQuery, request.query)
    const { live, store } = app.bridge
    const ledger = Map.groupBy(await store.readIntegrations(), ({ integration }) => integration)
    const { integrations } = live.setup.config
    const names = [...new Set([...integrations.keys(), ...ledger.keys()])].sort()
    return {
      integrations: names.map(name => {
        const configured = integrations.get(name)
        return {
          name,
          configured: configured !== undefined,
          purpose: configured?.purpose ?? null,
          owner: configured?.owner ?? null,
          perMinute: configured?.caps.perMinuteMax ?? null,
          perDay: configured?.caps.perDayMax ?? null,
          concurrency: configured?.concurrencyMax ?? null,
          tokens: (ledger.get(name) ?? []).map(viewToken),
        }
      }),
    }
  })
}

function viewToken({ token, state, uses, lastAnswer, ...at }: IntegrationState) {
  return {
    fingerprint: token,
    state,
    firstSeenAt: toIso(at.firstSeenAt),
    lastUsedAt: toIso(at.lastUsedAt),
    uses,
    lastAnswer,
    pausedUntil: toIso(at.pausedUntil),
    probedAt: toIso(at.probedAt),
  }
}
