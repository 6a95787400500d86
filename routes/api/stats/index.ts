import type { FastifyInstance } from 'fastify'
import { noQuery } from '../../../src/admin/question-parts.ts'
import { readRequest } from '../../../src/admin/read-request.ts'
import { statsAnswer } from '../../../src/admin/state-answers.ts'
import { viewActivity } from '../../../src/admin/view-activity.ts'
import { toIso } from '../../../src/admin/view-job.ts'

/** `GET /api/stats`: how much waits, what was stopped, how much needs a person, and what was done of late. */
export default async function statsRoute(app: FastifyInstance): Promise<void> {
  const doc = { summary: 'How much waits, and how much needs a person', query: noQuery, answer: statsAnswer }
  app.get('/', { config: { role: 'viewer', doc } }, async request => {
    readRequest(noQuery, request.query)
    const { store, live, readCircuit } = app.bridge
    const [jobs, backlog, pauses] = await Promise.all([store.countJobs(), store.readBacklog(), store.readPauses()])
    const { openJobs, unroutedEvents, oldestUnroutedAt } = backlog
    const done = await viewActivity(app.bridge, Date.now())
    const circuits = [...live.setup.config.integrations.keys()].flatMap(integration => {
      const circuit = readCircuit(integration)
      if (circuit.state === 'closed') return []
      return { integration, state: circuit.state, openedAt: toIso(circuit.openedAt) }
    })
    return {
      jobs,
      openJobs,
      unroutedEvents,
      oldestUnroutedAt: toIso(oldestUnroutedAt),
      paused: pauses.map(({ kind, name, pausedAt, actor, reason }) => ({
        kind,
        name,
        since: toIso(pausedAt),
        by: actor,
        reason,
      })),
      circuits,
      ...done,
    }
  })
}
