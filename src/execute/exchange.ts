import type { Agent } from 'undici'
import { failpoint } from '../failpoint.ts'
import { inflate, isReadable } from './inflate.ts'

/** What one HTTP exchange came to. `started`: the first byte may have left; without it nothing can have been applied. */
export type Exchange =
  | { kind: 'response'; status: number; headers: ReadonlyMap<string, string>; body: string }
  | { kind: 'failed'; started: boolean; status: number | null; cause: FailureCause }
export type FailureCause =
  | 'dns'
  | 'refused'
  | 'tls'
  | 'connect_timeout'
  | 'reset'
  | 'deadline'
  | 'oversize'
  | 'encoded'
  | 'local'

export interface ExchangeRequest {
  agent: Agent
  url: URL
  headers: Record<string, string>
  body: string
  deadlineMs: number
  responseBytesMax: number
}

/**
 * Posts a body and reads the whole answer within one total deadline. Redirects are not followed, compressed answers are
 * not asked for but read, and an answer above the cap, as it came or inflated, is cut off.
 */
export function exchange({
  agent,
  url,
  headers,
  body,
  deadlineMs,
  responseBytesMax,
}: ExchangeRequest): Promise<Exchange> {
  return new Promise(resolve => {
    let started = false
    let status: number | null = null
    let answerHeaders: ReadonlyMap<string, string> = new Map()
    let coding = ''
    let bytes = 0
    let ended = false
    const chunks: Buffer[] = []
    let abort: ((reason: Error) => void) | null = null

    const end = (result: Exchange): void => {
      if (ended) return
      ended = true
      clearTimeout(deadline)
      resolve(result)
    }
    const fail = (cause: FailureCause): void => {
      end({ kind: 'failed', started, status, cause })
      abort?.(new Error(cause))
    }
    const deadline = setTimeout(() => fail('deadline'), deadlineMs)

    try {
      agent.dispatch(
        {
          origin: url.origin,
          path: url.pathname + url.search,
          method: 'POST',
          headers,
          body,
          headersTimeout: 0,
          bodyTimeout: 0,
        },
        {
          onRequestStart(controller) {
            abort = reason => controller.abort(reason)
            if (ended) return abort(new Error('deadline'))
            started = true
          },
          onRequestSent() {
            failpoint('after_send')
          },
          onResponseStart(_controller, statusCode, rawHeaders) {
            if (statusCode < 200) return // 103 Early Hints and the like: the answer is still to come
            status = statusCode
            answerHeaders = readHeaders(rawHeaders)
            coding = answerHeaders.get('content-encoding')?.toLowerCase() ?? ''
            if (!isReadable(coding)) fail('encoded')
          },
          onResponseData(_controller, chunk) {
            bytes += chunk.byteLength
            if (bytes > responseBytesMax) return fail('oversize')
            chunks.push(chunk)
          },
          onResponseEnd() {
            const inflated = inflate(Buffer.concat(chunks), coding, responseBytesMax)
            if (!inflated.ok) return fail(inflated.cause)
            end({ kind: 'response', status: status!, headers: answerHeaders, body: inflated.bytes.toString('utf8') })
          },
          onResponseError(_controller, error) {
            fail(started ? 'reset' : causeOf(error))
          },
        },
      )
    } catch {
      fail('local')
    }
  })
}

function readHeaders(raw: Record<string, string | string[] | undefined>): ReadonlyMap<string, string> {
  const headers = new Map<string, string>()
  for (const [name, value] of Object.entries(raw)) {
    if (value !== undefined) headers.set(name.toLowerCase(), Array.isArray(value) ? value.join(', ') : value)
  }
  return headers
}

/** Names what stopped an exchange before it began; codes are Node's (dns, net, tls) and undici's. */
function causeOf(error: Error): FailureCause {
  const code = 'code' in error ? String(error.code) : ''
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'dns'
  if (code === 'UND_ERR_CONNECT_TIMEOUT' || code === 'ETIMEDOUT') return 'connect_timeout'
  if (/^(ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|EADDRNOTAVAIL|EACCES)$/.test(code)) return 'refused'
  if (
    /^(CERT_|CRL_|ERR_TLS_|ERR_SSL_|ERROR_IN_C|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|HOSTNAME_MISMATCH|INVALID_|PATH_LENGTH|EPROTO)/.test(
      code,
    )
  )
    return 'tls'
  if (code.startsWith('UND_ERR_INVALID') || code === 'UND_ERR_NOT_SUPPORTED') return 'local'
  return 'reset'
}
