import type { FastifyInstance, FastifyRequest } from 'fastify'
import { actOnMany } from '../../../src/admin/act-on-many.ts'
import { formatCursor } from '../../../src/admin/cursor.ts'
import { fillPage } from '../../../src/admin/fill-page.ts'
import { actAnswer, jobAnswer, jobsActedAnswer, jobsAnswer } from '../../../src/admin/job-answers.ts'
import {
  discardBody,
  discardManyBody,
  jobsQuery,
  retryBody,
  retryManyBody,
  settleBody,
} from '../../../src/admin/job-questions.ts'
import { noQuery } from '../../../src/admin/question-parts.ts'
import { readPage } from '../../../src/admin/read-page.ts'
import { readRequest } from '../../../src/admin/read-request.ts'
import { readStops } from '../../../src/admin/read-stops.ts'
import { type Act, refuseAct } from '../../../src/admin/refuse-act.ts'
import { retryJob } from '../../../src/admin/retry-job.ts'
import { viewJob, viewJobLine } from '../../../src/admin/view-job.ts'
import { BridgeError } from '../../../src/errors.ts'
import type { JobActAnswer } from '../../../src/store/job-acts.ts'

/** Largest body of an act, in bytes: the result of a write may be told. */
const BODY_BYTES_MAX = 262_144

type WithId = { Params: { id: string } }

/** `/api/jobs`: what was made of events, what became of it, and what a person may do about it. */
export default async function jobsRoute(app: FastifyInstance): Promise<void> {
  const { bridge } = app

  app.get(
    '/',
    { config: { role: 'viewer', doc: { summary: 'Jobs, newest first', query: jobsQuery, answer: jobsAnswer } } },
    async request => {
      const { store } = bridge
      const asked = readRequest(jobsQuery, request.query)
      const page = readPage(jobsQuery, asked, store.epoch, Date.now())
      const { state = null, reason = null, token = null, replay = null } = asked
      const { rows, nextSeq } = await fillPage(page, async ask => {
        const { jobs, nextSeq } = await store.listJobs({ ...ask, states: state, reason, token, replay })
        return { rows: jobs, nextSeq }
      })
      const stops = await readStops(bridge)
      return { jobs: rows.map(row => viewJobLine(row, stops)), next: formatCursor(store.epoch, nextSeq) }
    },
  )

  app.get<WithId>(
    '/:id',
    {
      config: {
        role: 'viewer',
        doc: { summary: 'A job with every attempt', query: noQuery, answer: jobAnswer, errors: ['not_found'] },
      },
    },
    async request => {
      readRequest(noQuery, request.query)
      const job = await bridge.store.readJob(request.params.id)
      if (job === null) throw new BridgeError('not_found', 'No job of this id is here')
      return viewJob(job, await readStops(bridge))
    },
  )

  app.post(
    '/retry',
    {
      bodyLimit: BODY_BYTES_MAX,
      config: {
        role: 'operator',
        doc: {
          summary: 'Put many dead or held jobs back to work, oldest first, some a call: go on with "next"',
          query: noQuery,
          body: retryManyBody,
          answer: jobsActedAnswer,
        },
      },
    },
    async request => {
      readRequest(noQuery, request.query)
      const { fromStart, ...asked } = readRequest(retryManyBody, request.body)
      const actor = request.admin!.name
      return actOnMany('retry', retryManyBody, asked, actor, bridge, act =>
        retryJob({ ...act, fromStart, force: asked.force }, bridge),
      )
    },
  )

  app.post(
    '/discard',
    {
      bodyLimit: BODY_BYTES_MAX,
      config: {
        role: 'operator',
        doc: {
          summary: 'Give many jobs up, oldest first, some a call: go on with "next"',
          query: noQuery,
          body: discardManyBody,
          answer: jobsActedAnswer,
        },
      },
    },
    async request => {
      readRequest(noQuery, request.query)
      const asked = readRequest(discardManyBody, request.body)
      const actor = request.admin!.name
      return actOnMany('discard', discardManyBody, asked, actor, bridge, act => bridge.store.discardJob(act))
    },
  )

  app.post<WithId>(
    '/:id/retry',
    {
      bodyLimit: BODY_BYTES_MAX,
      config: {
        role: 'operator',
        doc: {
          summary: 'Put a dead or held job back to work; the mapping is judged as it is now',
          query: noQuery,
          body: retryBody,
          answer: actAnswer,
          errors: ['not_found', 'wrong_state', 'job_changed', 'in_doubt', 'payload_pruned', 'not_planned', 'overtaken'],
        },
      },
    },
    async request => {
      const asked = readRequest(retryBody, request.body)
      const retry = { ...actOf(request), ...asked, version: asked.version ?? null }
      return end('retry', request, await retryJob(retry, bridge))
    },
  )

  app.post<WithId>(
    '/:id/discard',
    {
      bodyLimit: BODY_BYTES_MAX,
      config: {
        role: 'operator',
        doc: {
          summary: 'Give a job up: it is dead, and the next one of its order key goes on',
          query: noQuery,
          body: discardBody,
          answer: actAnswer,
          errors: ['not_found', 'wrong_state', 'job_changed'],
        },
      },
    },
    async request => {
      const { version = null } = readRequest(discardBody, request.body)
      return end('discard', request, await bridge.store.discardJob({ ...actOf(request), version }))
    },
  )

  app.post<WithId>(
    '/:id/settle',
    {
      bodyLimit: BODY_BYTES_MAX,
      config: {
        role: 'operator',
        doc: {
          summary: 'Say whether a write whose answer was lost was applied: the job goes on after it, or sends it again',
          query: noQuery,
          body: settleBody,
          answer: actAnswer,
          errors: [
            'not_found',
            'wrong_state',
            'job_changed',
            'not_in_doubt',
            'payload_pruned',
            'not_planned',
            'overtaken',
          ],
        },
      },
    },
    async request => {
      const { applied, force, result = null, version = null } = readRequest(settleBody, request.body)
      const settlement = { ...actOf(request), applied, force, result, version }
      return end('settle', request, await bridge.store.settleJob(settlement))
    },
  )

  function actOf(request: FastifyRequest<WithId>): { jobId: string; actor: string; now: number } {
    readRequest(noQuery, request.query)
    return { jobId: request.params.id, actor: request.admin!.name, now: Date.now() }
  }

  /** One log line an act, also where it was refused. */
  function end(act: Act, request: FastifyRequest<WithId>, answer: JobActAnswer) {
    const admin = request.admin!.name
    if (!answer.ok) {
      bridge.log.info({ admin, act, refused: answer.reason }, 'act')
      throw refuseAct(act, answer)
    }
    const { id, state, message } = answer
    bridge.log.info({ admin, act, jobId: id, state }, 'act')
    return { id, state, message }
  }
}
