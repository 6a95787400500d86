import type { FastifyInstance } from 'fastify'
import { noQuery } from '../../../src/admin/question-parts.ts'
import { readRequest } from '../../../src/admin/read-request.ts'
import { alertTestAnswer } from '../../../src/admin/state-answers.ts'
import { BridgeError } from '../../../src/errors.ts'

/** `POST /api/alerts/test`: sends a test alert at once and says what the receiver answered. */
export default async function alertsRoute(app: FastifyInstance): Promise<void> {
  const doc = {
    summary: 'Send a test alert to the webhook',
    answer: alertTestAnswer,
    errors: ['no_webhook'],
  }
  app.post('/test', { config: { role: 'operator', doc } }, async request => {
    readRequest(noQuery, request.body)
    const posted = await app.bridge.alerts.test()
    if (posted === null) throw new BridgeError('no_webhook', 'alerts.webhook: expected one in bridge.json, found none')
    app.bridge.log.info({ act: 'alerts.test', admin: request.admin!.name, delivered: posted.delivered }, 'act')
    return { reason: null, ...posted }
  })
}
