import type { FastifyInstance } from 'fastify'
import { findDrift } from '../../../src/admin/find-drift.ts'
import { noQuery } from '../../../src/admin/question-parts.ts'
import { readRequest } from '../../../src/admin/read-request.ts'
import { mappingsAnswer, triedAnswer } from '../../../src/admin/setup-answers.ts'
import { tryBody } from '../../../src/admin/setup-questions.ts'
import { viewPauseOf } from '../../../src/admin/view-pause.ts'
import { BridgeError } from '../../../src/errors.ts'
import { tryPayload } from '../../../src/plan/try-payload.ts'
import { addPauseRoutes } from '../pause-routes.ts'

/** Largest payload that is tried, with what is around it, in bytes. */
const BODY_BYTES_MAX = 1_048_576

/** `/api/mappings`: the mapping files in force, which can be paused, and what one of them makes of a payload. */
export default async function mappingsRoute(app: FastifyInstance): Promise<void> {
  const doc = { summary: 'Mappings in force', query: noQuery, answer: mappingsAnswer }
  app.get('/', { config: { role: 'viewer', doc } }, async request => {
    readRequest(noQuery, request.query)
    const { setup, problems } = app.bridge.live
    const { store } = app.bridge
    const [pauses, drifts] = await Promise.all([store.readPauses(), findDrift(store)])
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
        schemaDrift: drifts.get(name) ?? null,
      })),
      problems: problems.length,
    }
  })
  addPauseRoutes(app, 'mapping', name => app.bridge.live.setup.mappings.has(name))

  const tryDoc = {
    summary: 'What a mapping makes of a payload: match, reasons, jobs and variables; sends nothing',
    query: noQuery,
    body: tryBody,
    answer: triedAnswer,
    errors: ['not_found'],
  }
  app.post('/try', { bodyLimit: BODY_BYTES_MAX, config: { role: 'operator', doc: tryDoc } }, async request => {
    readRequest(noQuery, request.query)
    const { mapping: name, payload, type, headers } = readRequest(tryBody, request.body)
    const { setup } = app.bridge.live
    const mapping = setup.mappings.get(name)
    if (mapping === undefined) throw new BridgeError('not_found', 'No mapping of this name is in force')
    const further = Object.entries(headers).map(([key, value]) => [key.toLowerCase(), value.trim()])
    const asked = { headers: Object.fromEntries(further), ...(type !== undefined && { type }) }
    return tryPayload(setup, mapping, Buffer.from(JSON.stringify(payload)), asked)
  })
}
