import { Readable } from 'node:stream'
import type { FastifyInstance } from 'fastify'
import { readRequest, refuseKey } from '../../../src/admin/read-request.ts'
import { reconcileBody } from '../../../src/admin/setup-questions.ts'
import { readMoment } from '../../../src/config/read-moment.ts'
import { BridgeError } from '../../../src/errors.ts'
import { type ReconcileLine, type Reconciliation, reconcile } from '../../../src/reconcile/reconcile.ts'
import { findSenderApi } from '../../../src/reconcile/sender-apis.ts'

/** Largest body of a request, in bytes. */
const BODY_BYTES_MAX = 4_096
/** How often it is looked whether the service is stopping, in ms. */
const CLOSING_LOOK_MS = 200

/** `POST /api/sources/:name/reconcile`: what the sender could not deliver, as NDJSON; the last line is the summary. */
export function addReconcile(app: FastifyInstance): void {
  const { bridge } = app
  /** One at a time: two would fetch the same. */
  let running: AbortController | null = null
  const release = (run: AbortController): void => {
    if (running === run) running = null
  }

  const doc = {
    summary: 'Ask the sender what it could not deliver, and record it unless dryRun; NDJSON, the last line sums up',
    body: reconcileBody,
    answerType: 'application/x-ndjson',
    errors: ['not_found', 'busy', 'source_retired', 'not_reconcilable'],
  }
  app.post<{ Params: { name: string } }>(
    '/:name/reconcile',
    { config: { role: 'operator', doc }, bodyLimit: BODY_BYTES_MAX },
    async (request, reply) => {
      const asked = readRequest(reconcileBody, request.body)
      const sinceAt = readMoment(asked.since, Date.now())
      if (sinceAt === null) throw refuseKey(reconcileBody, 'since')
      const ended = new AbortController()
      const run = { ...findSource(request.params.name), sinceAt, isDryRun: asked.dryRun, signal: ended.signal }
      if (running !== null) throw new BridgeError('busy', 'Another reconciliation is under way', { retryAfterSec: 10 })
      running = ended
      const look = setInterval(() => bridge.closing && ended.abort(), CLOSING_LOOK_MS)
      const { name } = run.source
      bridge.log.info({ admin: request.admin!.name, source: name, dryRun: asked.dryRun }, 'a reconciliation begins')
      const lines = writeLines(name, reconcile(run), () => release(ended))
      const stream = Readable.from(lines, { objectMode: false })
      // also where the client went away, before it read anything or later; the stream itself would wait for what is under way
      reply.raw.once('close', async () => {
        ended.abort()
        clearInterval(look)
        await lines.return()
        release(ended)
      })
      // a connection that is kept after a long answer would hold up a stop that was begun meanwhile
      return reply.type('application/x-ndjson').header('connection', 'close').send(stream)
    },
  )

  function findSource(
    name: string,
  ): Pick<Reconciliation, 'api' | 'config' | 'source' | 'custody' | 'store' | 'log' | 'now'> {
    const { setup } = bridge.live
    const source = setup.sources.get(name)
    const configured = setup.config.sources.get(name)
    if (source === undefined || configured === undefined)
      throw new BridgeError('not_found', 'No source of this name is here')
    if (source.retired) throw new BridgeError('source_retired', 'This source is retired')
    const { reconcile: config, preset } = configured
    const api = findSenderApi(preset.name)
    if (config === null || api === null)
      throw new BridgeError(
        'not_reconcilable',
        'This source has no "reconcile" in bridge.json: which hook of the sender it is, and a token for the API',
      )
    return { api, config, source, custody: bridge.custody, store: bridge.store, log: bridge.log, now: Date.now }
  }

  /** What goes wrong after the first line is a line too: the status has been sent. */
  async function* writeLines(
    source: string,
    lines: AsyncGenerator<ReconcileLine>,
    done: () => void,
  ): AsyncGenerator<string, void> {
    try {
      for await (const line of lines) {
        if (line.kind === 'summary') {
          const { complete, stopped, missing, outcomes } = line
          bridge.log.info({ source, complete, stopped: stopped?.reason ?? null, missing, outcomes }, 'reconciled')
        }
        yield `${JSON.stringify(line)}\n`
      }
    } catch (error) {
      bridge.log.error({ err: error }, 'a reconciliation failed')
      yield `${JSON.stringify({ kind: 'error', code: 'internal', message: 'The reconciliation could not be finished' })}\n`
    } finally {
      done()
    }
  }
}
