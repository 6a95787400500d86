/** The bare Fastify route that ingest is measured against: parses the same JSON and answers. */
import type { AddressInfo } from 'node:net'
import Fastify from 'fastify'

const app = Fastify({ logger: false, bodyLimit: 26_214_400 })
app.post<{ Body: { action?: string } }>('/hooks/github', async request => ({ action: request.body.action ?? null }))
await app.listen({ host: '127.0.0.1', port: 0 })
process.send?.({ port: (app.server.address() as AddressInfo).port })
