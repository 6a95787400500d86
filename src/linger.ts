import type { IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'

/** How long a body that nobody takes is thrown away: in all, and without a byte of it coming (ms). */
const LINGER_MS_MAX = 5_000
const IDLE_MS_MAX = 1_000
/** Most of it that is thrown away, in bytes: as much as the largest body that any source may take. */
const LINGER_BYTES_MAX = 104_857_600

/**
 * The text of an answer that comes before the body of its request has: it leaves at once, and ends when the body has, so
 * that the connection is closed only then. Closed with bytes unread it would be reset, and a sender that is still
 * writing (most write all before they read) would see the reset instead of the answer.
 */
export function lingerAfter(text: string, request: IncomingMessage): Readable {
  const answer = new Readable({ read() {} })
  answer.push(text)
  const startedAt = performance.now()
  let bytes = 0
  let isOver = false
  const end = (): void => {
    if (isOver) return
    isOver = true
    clearTimeout(idle)
    request.off('data', drop)
    answer.push(null)
  }
  const drop = (chunk: Buffer): void => {
    bytes += chunk.byteLength
    if (bytes > LINGER_BYTES_MAX || performance.now() - startedAt > LINGER_MS_MAX) end()
    else idle.refresh()
  }
  const idle = setTimeout(end, IDLE_MS_MAX)
  request.on('data', drop)
  for (const event of ['end', 'close', 'error']) request.once(event, end)
  request.resume()
  return answer
}
