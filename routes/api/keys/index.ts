import type { FastifyInstance } from 'fastify'
import { fingerprintKey } from '../../../src/admin/key-uses.ts'
import { noQuery } from '../../../src/admin/question-parts.ts'
import { readRequest } from '../../../src/admin/read-request.ts'
import { keysAnswer } from '../../../src/admin/setup-answers.ts'
import { toIso } from '../../../src/admin/view-job.ts'

/** `GET /api/keys`: who may use the API, and when each key was last used. */
export default async function keysRoute(app: FastifyInstance): Promise<void> {
  const { bridge } = app
  const doc = { summary: 'Admin keys in force, without the keys', query: noQuery, answer: keysAnswer }
  app.get('/', { config: { role: 'admin', doc } }, async request => {
    readRequest(noQuery, request.query)
    const uses = new Map((await bridge.store.listKeyUses()).map(({ fingerprint, usedAt }) => [fingerprint, usedAt]))
    return {
      keys: bridge.adminKeys().map(key => {
        const fingerprint = fingerprintKey(key)
        return { name: key.name, role: key.role, fingerprint, lastUsedAt: toIso(uses.get(fingerprint) ?? null) }
      }),
    }
  })
}
