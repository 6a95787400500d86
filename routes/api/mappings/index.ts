import type { FastifyInstance } from 'fastify'
import { mappingsAnswer } from '../../../src/admin/answers.ts'
import { noQuery } from '../../../src/admin/questions.ts'
import { readRequest } from '../../../src/admin/read-request.ts'

/** `GET /api/mappings`: the mapping files in force. */
export default async function mappingsRoute(app: FastifyInstance): Promise<void> {
  const doc = { summary: 'Mappings in force', query: noQuery, answer: mappingsAnswer }
  app.get('/', { config: { role: 'viewer', doc } }, async request => {
    readRequest(noQuery, request.query)
    const { setup, problems } = app.bridge.live
    return {
      mappings: [...setup.mappings.values()].map(({ name, source, on, integration, action, steps, hash, json }) => ({
        name,
        description: json.description ?? null,
        source,
        on: on === null ? null : [...on],
        integration,
        action,
        operations: [...new Set(steps.flatMap(step => (step.kind === 'operation' ? [step.operation] : [])))],
        hash,
      })),
      problems: problems.length,
    }
  })
}
