import type { FastifyInstance } from 'fastify'
import { noQuery } from '../../../src/admin/question-parts.ts'
import { readRequest } from '../../../src/admin/read-request.ts'
import { doctorAnswer } from '../../../src/admin/state-answers.ts'
import { verifyRunning } from '../../../src/audit/verify-running.ts'
import { examineService } from '../../../src/doctor/examine-service.ts'
import { BridgeError } from '../../../src/errors.ts'

/** `GET /api/doctor`: looks at what the service stands on. It reads the whole database, on a connection of its own. */
export default async function doctorRoute(app: FastifyInstance): Promise<void> {
  const { live, store, checkpoints } = app.bridge
  let underWay: AbortController | null = null
  app.addHook('preClose', async () => underWay?.abort())

  const doc = {
    summary: 'Machine, files, database, setup and work: what was found, and what to do about it',
    query: noQuery,
    answer: doctorAnswer,
    errors: ['busy'],
  }
  app.get('/', { exposeHeadRoute: false, config: { role: 'admin', doc } }, async (request, reply) => {
    readRequest(noQuery, request.query)
    if (underWay !== null) throw new BridgeError('busy', 'Another examination is under way', { retryAfterSec: 10 })
    underWay = new AbortController()
    // reading a large database takes minutes in which nothing is sent
    request.raw.socket.setTimeout(0)
    reply.header('connection', 'close')
    try {
      const { signal } = underWay
      const verifyAudit = () => verifyRunning(store, checkpoints, () => signal.aborted)
      const checks = await examineService({ live, store, isRunning: true, verifyAudit, signal })
      return { ok: checks.every(({ status }) => status !== 'failed'), checks }
    } finally {
      underWay = null
    }
  })
}
