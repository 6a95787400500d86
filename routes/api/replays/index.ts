import type { FastifyInstance, FastifyRequest } from 'fastify'
import { replayAnswer, replayStartAnswer, replaysAnswer } from '../../../src/admin/job-answers.ts'
import { replayBody } from '../../../src/admin/job-questions.ts'
import { noQuery } from '../../../src/admin/question-parts.ts'
import { readReplayScope } from '../../../src/admin/read-replay-scope.ts'
import { readRequest, refuseKey } from '../../../src/admin/read-request.ts'
import { viewReplay, viewSample } from '../../../src/admin/view-replay.ts'
import { BridgeError } from '../../../src/errors.ts'
import { countReplay, type ReplayCount, sampleReplay } from '../../../src/replay/preview-replay.ts'
import type { Replay, ReplayScope } from '../../../src/store/replays.ts'

/** Largest body of a request, in bytes. */
const BODY_BYTES_MAX = 16_384

type WithId = { Params: { id: string } }

/** `/api/replays`: events or jobs of the past once more, by the mappings of today. */
export default async function replaysRoute(app: FastifyInstance): Promise<void> {
  const { bridge } = app
  /** One at a time: each looks at as much of the store as a rehearsal. */
  let isCounting = false

  app.get(
    '/',
    { config: { role: 'viewer', doc: { summary: 'Replays, newest first', query: noQuery, answer: replaysAnswer } } },
    async request => {
      readRequest(noQuery, request.query)
      return { replays: (await bridge.store.listReplays()).map(viewReplay) }
    },
  )

  app.get<WithId>(
    '/:id',
    {
      config: {
        role: 'viewer',
        doc: {
          summary: 'How far a replay has come, and what it skipped',
          query: noQuery,
          answer: replayAnswer,
          errors: ['not_found'],
        },
      },
    },
    async request => {
      readRequest(noQuery, request.query)
      return viewReplay(await find(request.params.id))
    },
  )

  app.post(
    '/',
    {
      bodyLimit: BODY_BYTES_MAX,
      config: {
        role: 'operator',
        doc: {
          summary: 'Count the events or jobs that are meant, and replay them at a pace unless it is a dry run',
          query: noQuery,
          body: replayBody,
          answer: replayStartAnswer,
          errors: ['busy'],
        },
      },
    },
    async request => {
      readRequest(noQuery, request.query)
      const asked = readRequest(replayBody, request.body)
      const now = Date.now()
      if (asked.ids === undefined && asked.since === undefined) throw refuseKey(replayBody, 'since')
      const scope = readReplayScope(replayBody, asked, now)
      const { force, dryRun } = asked
      return once(async () => {
        const count = await countReplay(scope, bridge.store)
        const { total, more } = count
        if (dryRun) {
          const { store, log } = bridge
          const sample = await sampleReplay({ scope, force, count }, { store, log, setup: bridge.live.setup })
          return { dryRun, total, more, sample: viewSample(sample), replay: null }
        }
        const replay = total === 0 ? null : await start(request, scope, asked, count)
        return { dryRun, total, more, sample: [], replay: replay === null ? null : viewReplay(replay) }
      })
    },
  )

  app.delete<WithId>(
    '/:id',
    {
      config: {
        role: 'operator',
        doc: {
          summary: 'Cancel a replay: it makes no more jobs, and those it has made stay',
          query: noQuery,
          answer: replayAnswer,
          errors: ['not_found', 'wrong_state'],
        },
      },
    },
    async request => {
      readRequest(noQuery, request.query)
      const { id } = request.params
      const admin = request.admin!.name
      const ended = await bridge.store.endReplay({ id, actor: admin, reason: null, now: Date.now() })
      if (!ended.ok && ended.reason === 'not_found') throw notFound()
      if (!ended.ok) throw new BridgeError('wrong_state', 'The replay has ended: only one that runs can be cancelled')
      bridge.replays.wake()
      bridge.log.info({ admin, act: 'cancel', replayId: id }, 'act')
      return viewReplay(ended.replay)
    },
  )

  async function start(
    request: FastifyRequest,
    scope: ReplayScope,
    { force, perSecond }: { force: boolean; perSecond: number },
    { total, more, throughSeq }: ReplayCount,
  ): Promise<Replay> {
    const actor = request.admin!.name
    const asked = { scope, force, perSecond, actor, throughSeq, total: more ? null : total, now: Date.now() }
    const started = await bridge.store.startReplay(asked)
    if (!started.ok) throw new BridgeError('busy', `The replay ${started.id} is under way: wait for it, or cancel it`)
    bridge.replays.wake()
    bridge.log.info({ admin: actor, act: 'replay', replayId: started.id }, 'act')
    return find(started.id)
  }

  async function once<T>(work: () => Promise<T>): Promise<T> {
    if (isCounting) throw new BridgeError('busy', 'Another replay is being counted', { retryAfterSec: 5 })
    isCounting = true
    try {
      return await work()
    } finally {
      isCounting = false
    }
  }

  async function find(id: string): Promise<Replay> {
    const replay = await bridge.store.readReplay(id)
    if (replay === null) throw notFound()
    return replay
  }
}

function notFound(): BridgeError {
  return new BridgeError('not_found', 'No replay of this id is here')
}
