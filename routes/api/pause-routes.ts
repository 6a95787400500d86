import type { FastifyInstance } from 'fastify'
import { noBody, noQuery } from '../../src/admin/question-parts.ts'
import { readRequest } from '../../src/admin/read-request.ts'
import { pauseAnswer } from '../../src/admin/setup-answers.ts'
import { pauseBody } from '../../src/admin/setup-questions.ts'
import { describePause } from '../../src/admin/view-pause.ts'
import { BridgeError } from '../../src/errors.ts'
import type { PauseAnswer, PausedKind } from '../../src/store/pauses.ts'

/** Largest body, in bytes: a reason fits. */
const BODY_BYTES_MAX = 16_384

type WithName = { Params: { name: string } }

/**
 * Adds `POST :name/pause` and `POST :name/resume` for one kind of thing. What is configured no more cannot be paused, and can
 * be resumed; asking for what is so already changes nothing.
 */
export function addPauseRoutes(app: FastifyInstance, kind: PausedKind, isConfigured: (name: string) => boolean): void {
  const { bridge } = app

  app.post<WithName>(
    '/:name/pause',
    {
      bodyLimit: BODY_BYTES_MAX,
      config: {
        role: 'operator',
        doc: {
          summary: `Pause a ${kind}: its jobs are made and wait, nothing is claimed or sent for it until it is resumed`,
          query: noQuery,
          body: pauseBody,
          answer: pauseAnswer,
          errors: ['not_found'],
        },
      },
    },
    async request => {
      readRequest(noQuery, request.query)
      const { reason = null } = readRequest(pauseBody, request.body)
      const { name } = request.params
      if (!isConfigured(name)) throw new BridgeError('not_found', `No ${kind} of this name is configured`)
      const asked = { kind, name, reason, actor: request.admin!.name, now: Date.now() }
      return end(name, 'pause', asked.actor, await bridge.store.pause(asked))
    },
  )

  app.post<WithName>(
    '/:name/resume',
    {
      bodyLimit: BODY_BYTES_MAX,
      config: {
        role: 'operator',
        doc: {
          summary: `Resume a ${kind} that was paused: its jobs go on, each order key in its order`,
          query: noQuery,
          body: noBody,
          answer: pauseAnswer,
          errors: ['not_found'],
        },
      },
    },
    async request => {
      readRequest(noQuery, request.query)
      readRequest(noBody, request.body)
      const { name } = request.params
      const asked = { kind, name, actor: request.admin!.name, now: Date.now() }
      const answer = await bridge.store.resume(asked)
      if (!answer.changed && !isConfigured(name))
        throw new BridgeError('not_found', `No ${kind} of this name is configured or paused`)
      bridge.wakeWorker()
      return end(name, 'resume', asked.actor, answer)
    },
  )

  function end(name: string, act: 'pause' | 'resume', admin: string, { changed, pause }: PauseAnswer) {
    bridge.log.info({ admin, act, [kind]: name, changed }, 'act')
    const state = pause === null ? ('running' as const) : ('paused' as const)
    if (pause === null) return { name, state, message: changed ? `The ${kind} goes on` : `The ${kind} was not paused` }
    return {
      name,
      state,
      message: changed ? `Nothing is sent for this ${kind}` : `It is paused: ${describePause(pause)}`,
    }
  }
}
