import { request } from 'undici'
import { cliError, EXIT } from './exit.ts'

/** Headers of a connection, not of a delivery: those of this one take their place. */
const OF_THE_CONNECTION: ReadonlySet<string> = new Set([
  'host',
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
  'expect',
  'content-length',
])
/** The whole exchange, in ms. */
const ANSWER_MS_MAX = 30_000

export interface RawDelivery {
  method: string
  /** Sent in this order, a repeated one as often as it stands here. */
  headers: readonly (readonly [string, string])[]
  body: Buffer
}

/** Sends a delivery as it is, or ends the command where no answer comes: exit code 1. No redirect is followed. */
export async function sendRaw(
  url: string,
  { method, headers, body }: RawDelivery,
): Promise<{ status: number; text: string }> {
  const sent = headers.filter(([name]) => !OF_THE_CONNECTION.has(name.toLowerCase()))
  try {
    const response = await request(url, {
      method: method as 'POST',
      headers: sent.flat(),
      signal: AbortSignal.timeout(ANSWER_MS_MAX),
      ...(body.byteLength > 0 && { body }),
    })
    return { status: response.statusCode, text: await response.body.text() }
  } catch (error) {
    const isLate = error instanceof DOMException
    const found = isLate ? 'none in 30 s' : error instanceof Error && 'code' in error ? String(error.code) : 'failed'
    throw cliError(EXIT.failed, `${url}: expected an answer, found ${found}. Is the service running?`)
  }
}
