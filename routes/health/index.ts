import type { FastifyInstance } from 'fastify'
import { checkReady } from '../../src/ready.ts'

/** `/health/live`: the process is up. `/health/ready`: it takes deliveries and can act on them; 503 with the reasons if not. */
export default async function healthRoute(app: FastifyInstance): Promise<void> {
  app.get('/live', async () => ({ status: 'live' }))
  app.get('/ready', async (_request, reply) => {
    const ready = await checkReady(app.bridge)
    return reply.code(ready.status === 'ready' ? 200 : 503).send(ready)
  })
}
