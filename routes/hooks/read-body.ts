import type { IncomingMessage } from 'node:http'
import { BridgeError } from '../../src/errors.ts'

/**
 * Reads a body as raw bytes, up to the limit of its source; above it reading stops at once and nothing more is taken
 * from the connection. `done` gets the bytes, or `body_too_large`.
 */
export function readBody(
  payload: IncomingMessage,
  bytesMax: number,
  done: (error: Error | null, body?: Buffer) => void,
): void {
  const chunks: Buffer[] = []
  let bytes = 0
  payload.on('data', (chunk: Buffer) => {
    bytes += chunk.byteLength
    if (bytes <= bytesMax) {
      chunks.push(chunk)
      return
    }
    payload.removeAllListeners('data')
    payload.pause()
    done(new BridgeError('body_too_large', `The body is larger than ${bytesMax} bytes`))
  })
  payload.on('end', () => {
    if (bytes <= bytesMax) done(null, joinOwned(chunks, bytes))
  })
  // the sender went away: nothing of ours failed, and nobody is there to be told
  payload.on('error', error => done(Object.assign(error, { statusCode: 400 })))
}

/** Memory of its own, of just this size: what crosses threads takes the whole underlying buffer along, and a socket's is 64 KB. */
function joinOwned(chunks: readonly Buffer[], bytes: number): Buffer {
  const body = Buffer.allocUnsafeSlow(bytes)
  let at = 0
  for (const chunk of chunks) at += chunk.copy(body, at)
  return body
}
