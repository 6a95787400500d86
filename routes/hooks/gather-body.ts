import type { IncomingMessage } from 'node:http'

/** What has not come by then, in ms, is not waited for: a slow sender holds no memory, and no shutdown. */
const GATHER_MS_MAX = 1_000

/**
 * Gathers a body while it is taken off the connection; the answer need not wait for that. Gives null where it is larger
 * than `bytesMax`, or did not come whole within a second.
 */
export function gatherBody(payload: IncomingMessage, bytesMax: number): Promise<Buffer | null> {
  return new Promise(resolve => {
    let chunks: Buffer[] = []
    let bytes = 0
    const take = (chunk: Buffer): void => {
      bytes += chunk.byteLength
      if (bytes <= bytesMax) chunks.push(chunk)
      else end(null)
    }
    const end = (body: Buffer | null): void => {
      clearTimeout(timer)
      payload.off('data', take)
      // the rest still has to leave the connection
      payload.resume()
      chunks = []
      resolve(body)
    }
    const timer = setTimeout(() => end(null), GATHER_MS_MAX)
    payload.on('data', take)
    payload.once('end', () => end(Buffer.concat(chunks)))
    payload.once('error', () => end(null))
    payload.once('close', () => end(null))
  })
}
