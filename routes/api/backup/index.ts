import { createReadStream, rmSync } from 'node:fs'
import type { FastifyInstance } from 'fastify'
import { noQuery } from '../../../src/admin/question-parts.ts'
import { readRequest } from '../../../src/admin/read-request.ts'
import { MANIFEST_HEADER, makeManifest } from '../../../src/backup/manifest.ts'
import { BridgeError } from '../../../src/errors.ts'
import { adminActor } from '../../../src/store/audit.ts'

/** `GET /api/backup`: a copy of the database, checked before its first byte is sent; its manifest is in a header. */
export default async function backupRoute(app: FastifyInstance): Promise<void> {
  const { bridge } = app
  /** The one that is being made or sent: two would halve each other's speed, and twice fill the disk. */
  let underWay: AbortController | null = null
  app.addHook('preClose', async () => underWay?.abort())

  const doc = {
    summary: `A consistent copy of the database, checked; ${MANIFEST_HEADER} has its manifest (base64url of JSON)`,
    query: noQuery,
    answerType: 'application/vnd.sqlite3',
    errors: ['busy'],
  }
  app.get('/', { exposeHeadRoute: false, config: { role: 'admin', doc } }, async (request, reply) => {
    readRequest(noQuery, request.query)
    if (underWay !== null) throw new BridgeError('busy', 'Another backup is under way', { retryAfterSec: 30 })
    underWay = new AbortController()
    const { signal } = underWay
    const end = (): void => {
      underWay = null
    }
    // copying and checking a large database takes minutes in which nothing is sent
    request.raw.socket.setTimeout(0)
    // a connection that is kept after it would hold up a stop that was begun meanwhile
    reply.header('connection', 'close')
    const target = `${bridge.live.setup.config.storeFile}.backup`
    try {
      const facts = await bridge.store.backUp({ target, signal })
      const manifest = makeManifest(facts, Date.now())
      const { bytes, sha256 } = facts
      await bridge.store.recordAudit([
        {
          at: Date.now(),
          actor: adminActor(request.admin!.name),
          action: 'store.backed_up',
          detail: { bytes, sha256 },
        },
      ])
      bridge.log.info({ admin: request.admin!.name, bytes, sha256 }, 'a backup was made')
      const stream = createReadStream(target, { signal, highWaterMark: 256 * 1024 })
      stream.once('close', end)
      // it has a name no longer: the disk is given back with the last byte, however this process ends
      stream.once('open', () => rmSync(target, { force: true }))
      return reply
        .type('application/vnd.sqlite3')
        .header('content-length', bytes)
        .header('content-disposition', 'attachment; filename="bridge.db"')
        .header(MANIFEST_HEADER, Buffer.from(JSON.stringify(manifest)).toString('base64url'))
        .send(stream)
    } catch (error) {
      end()
      rmSync(target, { force: true })
      throw error
    }
  })
}
