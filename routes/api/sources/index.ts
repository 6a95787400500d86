import { Readable } from 'node:stream'
import type { FastifyInstance } from 'fastify'
import { openCapture } from '../../../src/admin/open-capture.ts'
import { noQuery } from '../../../src/admin/question-parts.ts'
import { readRequest } from '../../../src/admin/read-request.ts'
import { sourcesAnswer } from '../../../src/admin/setup-answers.ts'
import { captureBody } from '../../../src/admin/setup-questions.ts'
import { toIso } from '../../../src/admin/view-job.ts'
import { viewPauseOf } from '../../../src/admin/view-pause.ts'
import type { SourceConfig } from '../../../src/config/read-source.ts'
import { fingerprintSecret } from '../../../src/ledger/fingerprint.ts'
import type { CaptureLine } from '../../../src/source/watch-capture.ts'
import type { SecretUse } from '../../../src/store/tokens.ts'
import { addPauseRoutes } from '../pause-routes.ts'
import { addReconcile } from './reconcile.ts'

/** Largest body of a request, in bytes. */
const BODY_BYTES_MAX = 16_384

/** `/api/sources`: who may deliver, how each proves itself and with which secret it last did, and where a sender hands its own out. */
export default async function sourcesRoute(app: FastifyInstance): Promise<void> {
  const { bridge } = app
  addReconcile(app)
  const doc = { summary: 'Sources in force', query: noQuery, answer: sourcesAnswer }
  app.get('/', { config: { role: 'viewer', doc } }, async request => {
    readRequest(noQuery, request.query)
    const { live, store } = bridge
    const [pauses, written] = await Promise.all([store.readPauses(), store.readSecretUses()])
    return {
      sources: [...live.setup.config.sources.values()].map(source => ({
        name: source.name,
        scheme: source.preset.name,
        retired: source.retired,
        methods: [...source.methods],
        bodyBytesMax: source.bodyBytesMax,
        paused: viewPauseOf(pauses, 'source', source.name),
        secrets: viewSecrets(source, written),
      })),
    }
  })
  addPauseRoutes(app, 'source', name => bridge.live.setup.config.sources.has(name))

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

  function viewSecrets({ name, secrets }: SourceConfig, written: readonly SecretUse[]) {
    return secrets.map(({ value, expiresAt }, index) => {
      const fingerprint = fingerprintSecret(value)
      const before = written.find(use => use.source === name && use.fingerprint === fingerprint)?.verifiedAt ?? null
      const lastVerifiedAt = toIso(bridge.secretLog.read(name, value) ?? before)
      return { position: index + 1, fingerprint, expiresAt: toIso(expiresAt), lastVerifiedAt }
    })
  }
}

async function* writeLines(lines: AsyncGenerator<CaptureLine>): AsyncGenerator<string> {
  for await (const line of lines) yield `${JSON.stringify(line)}\n`
}
