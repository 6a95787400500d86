import { Readable } from 'node:stream'
import type { FastifyInstance } from 'fastify'
import { BridgeError } from '../../../src/errors.ts'
import { readRehearsalRequest, rehearsalSchema } from '../../../src/rehearse/read-rehearsal-request.ts'
import { type RehearsalLine, startRehearsal } from '../../../src/rehearse/rehearse.ts'

/** Largest body of a request, in bytes. */
const BODY_BYTES_MAX = 16_384

/** `POST /api/rehearsals`: stored events through today's mapping files, as NDJSON; the last line is the summary. */
export default async function rehearsalsRoute(app: FastifyInstance): Promise<void> {
  const { bridge } = app
  /** One at a time: each reads as much of the store as it can without being in the way. */
  let isRunning = false

  const doc = {
    summary: "Stored events through today's mapping files, compared with what was sent; NDJSON, the last line sums up",
    body: rehearsalSchema,
    answerType: 'application/x-ndjson',
    errors: ['busy', 'files_differ'],
  }
  app.post('/', { config: { role: 'viewer', doc }, bodyLimit: BODY_BYTES_MAX }, async (request, reply) => {
    const rehearsal = readRehearsalRequest(request.body, bridge.live.setup.mappings, Date.now())
    if (isRunning) throw new BridgeError('busy', 'Another rehearsal is under way', { retryAfterSec: 10 })
    isRunning = true
    try {
      const { lines, close } = await startRehearsal(rehearsal, bridge)
      bridge.log.info({ admin: request.admin?.name }, 'a rehearsal begins')
      const stream = Readable.from(writeLines(lines), { objectMode: false })
      // also where the client went away before it read anything
      stream.once('close', () => {
        isRunning = false
        void close()
      })
      // a connection that is kept after a long answer would hold up a stop that was begun meanwhile
      return reply.type('application/x-ndjson').header('connection', 'close').send(stream)
    } catch (error) {
      isRunning = false
      throw error
    }
  })

  /** What goes wrong after the first line is a line too: the status has been sent. */
  async function* writeLines(lines: AsyncGenerator<RehearsalLine>): AsyncGenerator<string> {
    try {
      for await (const line of lines) yield `${JSON.stringify(line)}\n`
    } catch (error) {
      bridge.log.error({ err: error }, 'a rehearsal failed')
      yield `${JSON.stringify({ kind: 'error', code: 'internal', message: 'The rehearsal could not be finished' })}\n`
    }
  }
}
