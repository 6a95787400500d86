import type { FastifyInstance } from 'fastify'
import { sourcesAnswer } from '../../../src/admin/answers.ts'
import { noQuery } from '../../../src/admin/questions.ts'
import { readRequest } from '../../../src/admin/read-request.ts'
import { addReconcile } from './reconcile.ts'

/** `GET /api/sources`: who may deliver, and how each proves itself. */
export default async function sourcesRoute(app: FastifyInstance): Promise<void> {
  addReconcile(app)
  const doc = { summary: 'Sources in force', query: noQuery, answer: sourcesAnswer }
  app.get('/', { config: { role: 'viewer', doc } }, async request => {
    readRequest(noQuery, request.query)
    const { sources } = app.bridge.live.setup.config
    return {
      sources: [...sources.values()].map(({ name, preset, retired, methods, bodyBytesMax }) => ({
        name,
        scheme: preset.name,
        retired,
        methods: [...methods],
        bodyBytesMax,
      })),
    }
  })
}
