import type { IncomingMessage } from 'node:http'
import { countHeader } from '../../src/check-request.ts'
import { BridgeError } from '../../src/errors.ts'
import type { Source } from '../../src/source/source.ts'

const MEDIA_TYPE = /^[ \t]*([a-z0-9!#$&^_.+-]+\/[a-z0-9!#$&^_.+-]+)[ \t]*(?:;(.*))?$/i
const CHARSET = /(?:^|;)[ \t]*charset[ \t]*=[ \t]*"?([^";\s]+)"?/i

/** Refuses what a source does not take, from the headers alone: encodings, media types, charsets, sizes. */
export function checkContent(request: IncomingMessage, source: Source): void {
  const { headers } = request
  const encoding = headers['content-encoding']
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity') {
    throw new BridgeError('media_type_unsupported', 'Compressed bodies are not taken: send without Content-Encoding')
  }
  const length = Number(headers['content-length'] ?? 0)
  if (length > source.bodyBytesMax)
    throw new BridgeError('body_too_large', `The body is larger than ${source.bodyBytesMax} bytes`)
  if (length === 0 && headers['transfer-encoding'] === undefined) return
  // Node keeps only the first of a repeated Content-Type
  if (!takesType(headers['content-type'] ?? '', source) || countHeader(request.rawHeaders, 'content-type') > 1) {
    throw new BridgeError('media_type_unsupported', 'The media type is not one this source takes')
  }
}

function takesType(contentType: string, source: Source): boolean {
  if (source.acceptsContentType('*')) return true
  const match = MEDIA_TYPE.exec(contentType)
  if (match === null || !source.acceptsContentType(match[1]!.toLowerCase())) return false
  const charset = CHARSET.exec(match[2] ?? '')?.[1]?.toLowerCase()
  return charset === undefined || charset === 'utf-8' || charset === 'utf8' || charset === 'us-ascii'
}
