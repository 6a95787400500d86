import type { FastifyInstance } from 'fastify'
import { statsAnswer } from '../../../src/admin/answers.ts'
import { noQuery } from '../../../src/admin/questions.ts'
import { readRequest } from '../../../src/admin/read-request.ts'
import { toIso } from '../../../src/admin/view-job.ts'

/** `GET /api/stats`: how much waits, and how much needs a person. */
export default async function statsRoute(app: FastifyInstance): Promise<void> {
  const doc = { summary: 'How much waits, and how much needs a person', query: noQuery, answer: statsAnswer }
  app.get('/', { config: { role: 'viewer', doc } }, async request => {
    readRequest(noQuery, request.query)
    const { store } = app.bridge
    const [jobs, backlog] = await Promise.all([store.countJobs(), store.readBacklog()])
    const { openJobs, unroutedEvents, oldestUnroutedAt } = backlog
    return { jobs, openJobs, unroutedEvents, oldestUnroutedAt: toIso(oldestUnroutedAt) }
  })
}
