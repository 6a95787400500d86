import type { IncomingMessage } from 'node:http'

/** Header lines of a request; Node itself drops what comes after the 2,000th without a word. */
export const HEADERS_MAX = 100
/** A body that nobody read is taken off the connection up to this size, in bytes; above it the connection is closed. */
const DRAIN_BYTES_MAX = 65_536

export interface RequestProblem {
  status: 400 | 431
  code: 'bad_request' | 'headers_too_many'
  message: string
}

/**
 * Says why a request is refused whatever it asks for, from its head alone; null where it is in order. A repeated or
 * missing `Host` is refused by RFC 9112 3.2, and an absolute target because it names a host that nobody checks (T069);
 * HTTP/0.9 has no status to answer with (T070).
 */
export function findRequestProblem({
  rawHeaders,
  url,
  httpVersion,
  httpVersionMajor,
}: Pick<IncomingMessage, 'rawHeaders' | 'url' | 'httpVersion' | 'httpVersionMajor'>): RequestProblem | null {
  if (rawHeaders.length > HEADERS_MAX * 2)
    return { status: 431, code: 'headers_too_many', message: `More than ${HEADERS_MAX} headers` }
  const hosts = countHeader(rawHeaders, 'host')
  const wrong =
    httpVersionMajor !== 1 || hosts > 1 || (hosts === 0 && httpVersion !== '1.0') || url?.startsWith('/') === false
  return wrong ? { status: 400, code: 'bad_request', message: 'The request is not valid HTTP' } : null
}

/** Whether a connection must end after a refusal, because what is left of the body would have to be read to go on. */
export function leavesBody(request: Pick<IncomingMessage, 'complete' | 'headers'>): boolean {
  if (request.complete) return false
  return (
    request.headers['transfer-encoding'] !== undefined ||
    Number(request.headers['content-length'] ?? 0) > DRAIN_BYTES_MAX
  )
}

/** How often a header (its name in lower case) comes in Node's raw list. */
export function countHeader(rawHeaders: readonly string[], name: string): number {
  let count = 0
  for (let i = 0; i < rawHeaders.length; i += 2)
    if (rawHeaders[i]!.length === name.length && rawHeaders[i]!.toLowerCase() === name) count++
  return count
}
