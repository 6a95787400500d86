import { isUtf8 } from 'node:buffer'
import { hash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { isMessageId } from './message-id.ts'
import type { PlanSegment, SenderSegment } from './plan-signed.ts'
import { textAt } from './read-body-value.ts'
import { HEADER_BYTES_MAX } from './read-headers.ts'
import { readStrictFields, readStrictForm, runTogether } from './strict-form.ts'
import { type Refused, refuse } from './verification.ts'

/** What the variables of a template stand for in one delivery. */
export interface ContentValues {
  body: Buffer
  method: string
  /** In the order of the plan's `headerNames`. */
  headers: readonly (string | undefined)[]
  timestamp: string
  pairs: ReadonlyMap<string, string>
  /** The parsed body, where the plan says that it is read. */
  json: unknown
}

/** Longest value of a pair or a field of the body that is signed. */
const VALUE_CHARS_MAX = 1_024
const PAIR_VALUE = /^[A-Za-z0-9_.-]{1,256}$/

/** Puts the values in. A missing one is a refusal, never an empty text: the content would be another one than the sender's. */
export function fillContent(
  segments: readonly PlanSegment[],
  values: ContentValues,
): (string | Buffer | null)[] | Refused {
  const content: (string | Buffer | null)[] = []
  for (const segment of segments) {
    const piece = fillSegment(segment, values)
    if (typeof piece === 'object' && piece !== null && 'ok' in piece) return piece
    content.push(piece)
  }
  return content
}

function fillSegment(segment: PlanSegment, values: ContentValues): string | Buffer | null | Refused {
  const { body } = values
  switch (segment.kind) {
    case 'literal':
      return segment.bytes
    case 'body':
      return body
    case 'timestamp':
      return values.timestamp
    case 'method':
      return values.method
    case 'secret':
      // A plain hash can be carried on by who does not know the secret (length extension). What is carried on begins with
      // the byte 0x80, which is never UTF-8 after a whole character: so only text is taken.
      return isUtf8(body) ? null : refuse('signature_mismatch')
    case 'sender':
      return readSenderValue(segment, values.headers[segment.at])
    case 'pair':
      return readPair(values.pairs.get(segment.name), segment.separators)
    case 'json': {
      const text = textAt(values.json, segment.path)
      return text === null || text.length > VALUE_CHARS_MAX ? refuse('signature_malformed') : Buffer.from(text)
    }
    case 'body.sha256':
      return hash('sha256', body, 'hex')
    case 'body.crc32':
      return String(crc32(body))
    case 'body.json':
      return isUtf8(body) ? Buffer.from(JSON.stringify(body.toString('utf8'))) : refuse('signature_mismatch')
    case 'form.sorted': {
      const fields = readStrictFields(body)
      return fields === null ? refuse('signature_malformed') : runTogether(fields)
    }
    case 'form': {
      const fields = readStrictForm(body)
      const value = fields?.get(segment.name)
      // Fields beside it would not be signed.
      return value === undefined || fields?.size !== 1 ? refuse('signature_malformed') : Buffer.from(value)
    }
  }
}

function readSenderValue({ isId, separators }: SenderSegment, value: string | undefined): string | Refused {
  if (value === undefined || value === '') return refuse(isId ? 'id_malformed' : 'signature_missing')
  const isUsable = isId ? isMessageId(value) : value.length <= HEADER_BYTES_MAX
  if (isUsable && !separators.some(text => value.includes(text))) return value
  return refuse(isId ? 'id_malformed' : 'signature_malformed')
}

function readPair(value: string | undefined, separators: readonly string[]): string | Refused {
  if (value === undefined || !PAIR_VALUE.test(value)) return refuse('signature_malformed')
  return separators.some(text => value.includes(text)) ? refuse('signature_malformed') : value
}
