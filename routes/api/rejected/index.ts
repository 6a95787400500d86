import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { z } from 'zod'
import { formatCursor } from '../../../src/admin/cursor.ts'
import {
  rejectedAnswer,
  rejectedListAnswer,
  rejectedRetriesAnswer,
  rejectedRetryAnswer,
} from '../../../src/admin/event-answers.ts'
import { rejectedQuery, retryManyRejectedBody, retryRejectedBody } from '../../../src/admin/event-questions.ts'
import { noQuery } from '../../../src/admin/question-parts.ts'
import { readPage } from '../../../src/admin/read-page.ts'
import { readRequest } from '../../../src/admin/read-request.ts'
import { retryManyRejected } from '../../../src/admin/retry-many-rejected.ts'
import { NOT_HERE, retryRejected } from '../../../src/admin/retry-rejected.ts'
import { toIso } from '../../../src/admin/view-job.ts'
import {
  viewRejected,
  viewRejectedCount,
  viewRejectedLine,
  viewRejectedRetry,
} from '../../../src/admin/view-rejected.ts'
import { BridgeError } from '../../../src/errors.ts'
import type { RejectedDetail, RejectedQuery } from '../../../src/store/reports.ts'

/** Retried in one request, at most: more than are kept of a source (record-rejected.ts). */
const RETRIES_MAX = 200

/** Largest body of an act, in bytes. */
const BODY_BYTES_MAX = 65_536

type WithId = { Params: { id: string } }

/** `/api/rejected`: deliveries that were not authentic, and a second judgement for those that are kept. */
export default async function rejectedRoute(app: FastifyInstance): Promise<void> {
  const { bridge } = app

  app.get(
    '/',
    {
      config: {
        role: 'viewer',
        doc: {
          summary: 'Refused deliveries: how many and why, and those that are kept, newest first',
          query: rejectedQuery,
          answer: rejectedListAnswer,
        },
      },
    },
    async request => {
      const { store } = bridge
      const asked = readRequest(rejectedQuery, request.query)
      const { beforeSeq, limit, ...filter } = readFilter(rejectedQuery, asked)
      const { samples, nextSeq } = await store.listRejected({ beforeSeq, limit, ...filter })
      const { counts, sinceAt } = await store.countRejected(filter)
      return {
        rejected: samples.map(viewRejectedLine),
        counts: counts.map(viewRejectedCount),
        countsSince: toIso(sinceAt),
        next: formatCursor(store.epoch, nextSeq),
      }
    },
  )

  app.get<WithId>(
    '/:id',
    {
      config: {
        role: 'viewer',
        doc: {
          summary: 'A refused delivery as it came, without its credentials',
          query: noQuery,
          answer: rejectedAnswer,
          errors: ['not_found'],
        },
      },
    },
    async request => {
      readRequest(noQuery, request.query)
      return viewRejected(await find(request.params.id))
    },
  )

  app.post<WithId>(
    '/:id/retry',
    {
      bodyLimit: BODY_BYTES_MAX,
      config: {
        role: 'operator',
        doc: {
          summary: 'Judge a refused delivery by the secrets of today, and record it as if it came now',
          query: noQuery,
          body: retryRejectedBody,
          answer: rejectedRetryAnswer,
          errors: ['not_found', 'still_refused', 'backlog_full'],
        },
      },
    },
    async request => {
      readRequest(noQuery, request.query)
      const { dryRun } = readRequest(retryRejectedBody, request.body)
      const rejected = await find(request.params.id)
      const retry = await retryRejected(rejected, bridge, { now: Date.now(), dryRun })
      const answer = viewRejectedRetry(rejected.id, retry)
      if (!dryRun) note(request, answer)
      if (!retry.accepted) throw new BridgeError('still_refused', `${retry.message} (${retry.reason})`)
      return answer
    },
  )

  app.post(
    '/retry',
    {
      bodyLimit: BODY_BYTES_MAX,
      config: {
        role: 'operator',
        doc: {
          summary: 'The same for those that are named, or for all of a source that meet a filter, oldest first',
          query: noQuery,
          body: retryManyRejectedBody,
          answer: rejectedRetriesAnswer,
          errors: ['backlog_full'],
        },
      },
    },
    async request => {
      readRequest(noQuery, request.query)
      const { ids, dryRun, ...filter } = readRequest(retryManyRejectedBody, request.body)
      const isSound = ids === undefined ? filter.source !== undefined : Object.keys(filter).length === 0
      if (!isSound) throw new BridgeError('invalid_request', 'expected either ids, or source and what narrows it down')
      const results = await retryManyRejected(ids ?? (await findIds(filter)), bridge, {
        dryRun,
        onRetried: answer => {
          if (!dryRun) note(request, answer)
        },
      })
      const accepted = results.filter(answer => answer.accepted).length
      return { dryRun, accepted, refused: results.length - accepted, results }
    },
  )

  async function find(id: string): Promise<RejectedDetail> {
    const rejected = await bridge.store.readRejected(id)
    if (rejected === null) throw new BridgeError('not_found', NOT_HERE)
    return rejected
  }

  /** In the order in which they were received, so that their events come in that order too. */
  async function findIds(filter: Omit<z.output<typeof retryManyRejectedBody>, 'ids' | 'dryRun'>): Promise<string[]> {
    const asked = { ...filter, limit: RETRIES_MAX }
    const { samples } = await bridge.store.listRejected(readFilter(retryManyRejectedBody, asked))
    return samples.map(({ id }) => id).reverse()
  }

  function readFilter(
    schema: z.ZodObject,
    asked: Omit<z.output<typeof rejectedQuery>, 'cursor'> & { cursor?: string | undefined },
  ): RejectedQuery {
    const { beforeSeq, sinceAt, untilAt, source, limit } = readPage(schema, asked, bridge.store.epoch, Date.now())
    return { beforeSeq, sinceAt, untilAt, source, limit, reason: asked.reason ?? null }
  }

  /** One log line an act, also where it was refused. */
  function note(request: FastifyRequest, { id, outcome, eventId, reason }: z.output<typeof rejectedRetryAnswer>): void {
    const came = reason === null ? { outcome, eventId } : { refused: reason }
    bridge.log.info({ admin: request.admin!.name, act: 'retry', rejectedId: id, ...came }, 'act')
  }
}
