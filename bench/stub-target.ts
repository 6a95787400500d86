/** A GraphQL target that answers every request with the same success, at once or after some ms (argument); counts what it got. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

const DELAY_MS = Number(process.argv[2] ?? 0)
const ANSWER = JSON.stringify({ data: { touch: { success: true } } })
let count = 0
let lastAt = 0

const server = createServer((request, response) => {
  request.resume()
  request.on('end', () => {
    count++
    lastAt = performance.timeOrigin + performance.now()
    const answer = (): void => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': ANSWER.length })
      response.end(ANSWER)
    }
    if (DELAY_MS === 0) answer()
    else setTimeout(answer, DELAY_MS)
  })
})
server.keepAliveTimeout = 60_000
server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }))
process.on('message', (ask: { id: number; what: string }) => {
  if (ask.what === 'reset') count = 0
  process.send?.({ id: ask.id, answer: { count, lastAt } })
})
process.on('SIGTERM', () => process.exit(0))
