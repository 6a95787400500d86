import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

interface Answer {
  /** Status and reason phrase; not from `node:http`, whose import loads all of Node's own undici (1.7 MB). */
  status: string
  code: string
  message: string
}

/** What Node's HTTP parser could not read, as an answer; anything else is 400. */
const ANSWERS: Record<string, Answer> = {
  HPE_HEADER_OVERFLOW: {
    status: '431 Request Header Fields Too Large',
    code: 'headers_too_large',
    message: 'The headers are too large',
  },
  ERR_HTTP_REQUEST_TIMEOUT: {
    status: '408 Request Timeout',
    code: 'request_timeout',
    message: 'The request did not come in time',
  },
  HPE_CHUNK_EXTENSIONS_OVERFLOW: {
    status: '413 Payload Too Large',
    code: 'body_too_large',
    message: 'The chunk extensions are too large',
  },
}
const BAD_REQUEST: Answer = { status: '400 Bad Request', code: 'bad_request', message: 'The request is not valid HTTP' }

/**
 * Answers what never became a request, in the form of every other error (interface.md 6), and ends the connection.
 * An answer that is already under way on it is not written into.
 */
export function answerClientError(error: NodeJS.ErrnoException, socket: Socket): void {
  const { _httpMessage: pending } = socket as { _httpMessage?: { headersSent: boolean } | null }
  if (error.code === 'ECONNRESET' || !socket.writable || pending?.headersSent === true) {
    socket.destroy()
    return
  }
  const { status, code, message } = ANSWERS[error.code ?? ''] ?? BAD_REQUEST
  const body = bodyOf(code, message)
  const head = [
    `HTTP/1.1 ${status}`,
    'content-type: application/json; charset=utf-8',
    'x-content-type-options: nosniff',
    'connection: close',
    `content-length: ${Buffer.byteLength(body)}`,
  ]
  socket.write(`${head.join('\r\n')}\r\n\r\n${body}`)
  socket.destroySoon()
}

/** Answers `Expect` with anything but `100-continue`, which Node answers without a word. */
export function refuseExpectation(_request: IncomingMessage, response: ServerResponse): void {
  const body = bodyOf('expectation_failed', 'Only "100-continue" may be expected')
  response.writeHead(417, {
    'content-type': 'application/json; charset=utf-8',
    'x-content-type-options': 'nosniff',
    connection: 'close',
    'content-length': Buffer.byteLength(body),
  })
  response.end(body)
}

function bodyOf(code: string, message: string): string {
  return JSON.stringify({ error: { code, message, requestId: randomUUID() } })
}
