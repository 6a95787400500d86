import type { FastifyInstance } from 'fastify'

/**
 * Lets requests end. Node looks no more for those over their time once it closes, so what is still coming in after the
 * time that headers may take is cut off: a sender that drips would keep the service from ending.
 */
export async function closeApp(app: FastifyInstance): Promise<void> {
  const cut = setTimeout(() => app.server.closeAllConnections(), app.server.headersTimeout)
  try {
    await app.close()
  } finally {
    clearTimeout(cut)
  }
}
