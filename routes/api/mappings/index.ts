import type { FastifyInstance } from 'fastify'
import { mappingsAnswer } from '../../../src/admin/answers.ts'
import { noQuery } from '../../../src/admin/questions.ts'
import { readRequest } from '../../../src/admin/read-request.ts'
import { viewPauseOf } from '../../../src/admin/view-pause.ts'
import { addPauseRoutes } from '../pause-routes.ts'

/** `/api/mappings`: the mapping files in force, which can be paused. */
export default async function mappingsRoute(app: FastifyInstance): Promise<void> {
  const doc = { summary: 'Mappings in force', query: noQuery, answer: mappingsAnswer }
  app.get('/', { config: { role: 'viewer', doc } }, async request => {
    readRequest(noQuery, request.query)
    const { setup, problems } = app.bridge.live
    const pauses = await app.bridge.store.readPauses()
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
        paused: viewPauseOf(pauses, 'mapping', name),
      })),
      problems: problems.length,
    }
  })
  addPauseRoutes(app, 'mapping', name => app.bridge.live.setup.mappings.has(name))
}
