import type { FastifyInstance } from 'fastify'
import { formatCursor } from '../../../src/admin/cursor.ts'
import { eventAnswer, eventsAnswer } from '../../../src/admin/event-answers.ts'
import { eventsQuery } from '../../../src/admin/event-questions.ts'
import { fillPage } from '../../../src/admin/fill-page.ts'
import { noQuery } from '../../../src/admin/question-parts.ts'
import { readPage } from '../../../src/admin/read-page.ts'
import { readRequest } from '../../../src/admin/read-request.ts'
import { readWords } from '../../../src/admin/read-words.ts'
import { viewEvent, viewEventLine } from '../../../src/admin/view-event.ts'
import { toIso } from '../../../src/admin/view-job.ts'
import { BridgeError } from '../../../src/errors.ts'
import { unpackBody } from '../../../src/store/body-codec.ts'
import type { EventDetail } from '../../../src/store/reports.ts'

/** `GET /api/events`, `/api/events/:id` and `/api/events/:id/payload`: what came in, and what was made of it. */
export default async function eventsRoute(app: FastifyInstance): Promise<void> {
  const { bridge } = app

  app.get(
    '/',
    {
      config: {
        role: 'viewer',
        doc: { summary: 'Events, newest first', query: eventsQuery, answer: eventsAnswer },
      },
    },
    async request => {
      const { store } = bridge
      const asked = readRequest(eventsQuery, request.query)
      const page = readPage(eventsQuery, asked, store.epoch, Date.now())
      const words = readWords(asked.q, bridge.live.setup.config.search)
      let searchedSince: number | null | undefined
      const { rows, nextSeq } = await fillPage(page, async ask => {
        const found = await store.listEvents({ ...ask, outcomes: asked.outcome ?? null, words })
        searchedSince = found.searchedSince
        return { rows: found.events, nextSeq: found.nextSeq }
      })
      return {
        events: rows.map(viewEventLine),
        next: formatCursor(store.epoch, nextSeq),
        ...(searchedSince !== undefined && { searchedSince: toIso(searchedSince) }),
      }
    },
  )

  app.get<{ Params: { id: string } }>(
    '/:id',
    {
      config: {
        role: 'viewer',
        doc: {
          summary: 'An event: what came, which mappings took it and why, its jobs',
          query: noQuery,
          answer: eventAnswer,
          errors: ['not_found'],
        },
      },
    },
    async request => {
      readRequest(noQuery, request.query)
      const detail = await find(request.params.id)
      const { config, sources } = bridge.live.setup
      const { source } = detail.event
      return viewEvent(detail, {
        depthMax: config.limits.jsonDepthMax,
        form: sources.get(source)?.form ?? null,
        scheme: config.sources.get(source)?.preset.name ?? null,
      })
    },
  )

  app.get<{ Params: { id: string } }>(
    '/:id/payload',
    {
      config: {
        role: 'viewer',
        isAudited: true,
        doc: {
          summary: 'The body of an event, byte for byte',
          query: noQuery,
          answerType: 'application/octet-stream',
          errors: ['not_found', 'payload_pruned'],
        },
      },
    },
    async (request, reply) => {
      readRequest(noQuery, request.query)
      const { event } = await find(request.params.id)
      const body = unpackBody(event.body)
      if (body === null) throw new BridgeError('payload_pruned', 'Its payload is older than retention.payload')
      // foreign bytes: never shown, never run by a browser
      return reply
        .type('application/octet-stream')
        .header('content-disposition', `attachment; filename="${event.id}.bin"`)
        .header('content-security-policy', "default-src 'none'; sandbox")
        .send(body)
    },
  )

  async function find(id: string): Promise<EventDetail> {
    const detail = await bridge.store.readEvent(id)
    if (detail === null) throw new BridgeError('not_found', 'No event of this id is here')
    return detail
  }
}
