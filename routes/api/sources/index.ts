import { Readable } from 'node:stream'
import type { FastifyInstance } from 'fastify'
import { sourcesAnswer } from '../../../src/admin/answers.ts'
import { openCapture } from '../../../src/admin/open-capture.ts'
import { captureBody, noQuery } from '../../../src/admin/questions.ts'
import { readRequest } from '../../../src/admin/read-request.ts'
import type { CaptureLine } from '../../../src/source/watch-capture.ts'
import { addReconcile } from './reconcile.ts'

/** Largest body of a request, in bytes. */
const BODY_BYTES_MAX = 16_384

/** `/api/sources`: who may deliver, how each proves itself, and where a sender hands its secret out. */
export default async function sourcesRoute(app: FastifyInstance): Promise<void> {
  const { bridge } = app
  addReconcile(app)
  const doc = { summary: 'Sources in force', query: noQuery, answer: sourcesAnswer }
  app.get('/', { config: { role: 'viewer', doc } }, async request => {
    readRequest(noQuery, request.query)
    const { sources } = app.bridge.live.setup.config
    return {
      sources: [...sources.values()].map(({ name, preset, retired, methods, bodyBytesMax }) => ({
        name,
        scheme: preset.name,
        retired,
        methods: [...methods],
        bodyBytesMax,
      })),
    }
  })

  app.post<{ Params: { name: string } }>(
    '/:name/capture',
    {
      bodyLimit: BODY_BYTES_MAX,
      config: {
        role: 'admin',
        doc: {
          summary:
            'Take over the secret that the sender hands out, for as long as this request lasts; NDJSON, the last line is "captured" or "closed"',
          query: noQuery,
          body: captureBody,
          answerType: 'application/x-ndjson',
          errors: ['not_found', 'secret_exists', 'files_differ', 'busy'],
        },
      },
    },
    async (request, reply) => {
      readRequest(noQuery, request.query)
      const { minutes, replace } = readRequest(captureBody, request.body)
      const admin = request.admin!.name
      const { lines, close } = await openCapture(bridge, { source: request.params.name, admin, minutes, replace })
      const stream = Readable.from(writeLines(lines), { objectMode: false })
      // also where the person went away: nobody is setting it up any more
      stream.once('close', close)
      return reply.type('application/x-ndjson').header('connection', 'close').send(stream)
    },
  )
}

async function* writeLines(lines: AsyncGenerator<CaptureLine>): AsyncGenerator<string> {
  for await (const line of lines) yield `${JSON.stringify(line)}\n`
}
