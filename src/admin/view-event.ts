import { isUtf8 } from 'node:buffer'
import type { z } from 'zod'
import { parseExact } from '../mapping/parse-exact.ts'
import { type PayloadForm, parsePayload } from '../mapping/parse-payload.ts'
import { headerMap, headerPairs, parseHeaders } from '../source/redact-headers.ts'
import { unpackBody } from '../store/body-codec.ts'
import type { RecordedEvent } from '../store/receipts.ts'
import type { EventDetail, EventLine } from '../store/reports.ts'
import type { eventAnswer, eventsAnswer } from './event-answers.ts'
import { toIso, viewJobOfEvent } from './view-job.ts'

/** Largest body that is shown as JSON or text, in bytes; larger ones are fetched as they came. */
const PAYLOAD_SHOWN_BYTES_MAX = 1_048_576

type EventAnswer = z.output<typeof eventAnswer>
type Line = z.output<typeof eventsAnswer>['events'][number]

/** A line of the list of events, for people. */
export function viewEventLine({ seq: _, receivedAt, outcome, ...line }: EventLine): Line {
  return { ...line, receivedAt: toIso(receivedAt), outcome: outcome as Line['outcome'] }
}

export interface EventContext {
  depthMax: number
  /** Of its source, as it is configured now; null where it is not. */
  form: PayloadForm
  scheme: string | null
}

/** An event with what became of it, for people. */
export function viewEvent(
  { event, urlType, outcome, detail, redeliveries, fetchedFrom, jobs }: EventDetail,
  context: EventContext,
): EventAnswer {
  const { id, source, type, key, method, query, receivedAt, receipt } = event
  return {
    id,
    source,
    type,
    urlType,
    key,
    receivedAt: toIso(receivedAt),
    receipt,
    scheme: context.scheme,
    redeliveries,
    fetchedFrom,
    outcome: outcome as EventAnswer['outcome'],
    ...viewRouting(detail),
    method,
    query,
    headers: headerPairs(parseHeaders(event.headers)),
    bodyBytes: event.body.bytes.byteLength,
    payload: viewPayload(event, context),
    jobs: jobs.map(viewJobOfEvent),
  }
}

/** Routing leaves a list of mappings; a quarantine or an echo an object with its reason, which may hold the list. */
function viewRouting(detail: unknown): Pick<EventAnswer, 'reason' | 'message' | 'mappings'> {
  if (Array.isArray(detail)) return { reason: null, message: null, mappings: detail }
  const { reason = null, message = null, mappings = [] } = (detail ?? {}) as Partial<ReturnType<typeof viewRouting>>
  return { reason, message, mappings }
}

/** Numbers stay as they were written: ids above 2^53 are common. Deep or broken JSON is text. */
function viewPayload(event: RecordedEvent, { depthMax, form }: EventContext): EventAnswer['payload'] {
  const body = unpackBody(event.body)
  if (body === null) return { kind: 'pruned' }
  if (body.byteLength > PAYLOAD_SHOWN_BYTES_MAX) return { kind: 'too_large' }
  const contentType = headerMap(parseHeaders(event.headers))['content-type'] ?? null
  const parsed = parsePayload(body, contentType, event.query, { depthMax }, form)
  if (parsed.ok) return { kind: 'json', json: parsed.lossy === null ? parsed.payload : exactly(body, parsed.payload) }
  return isUtf8(body) ? { kind: 'text', text: body.toString('utf8') } : { kind: 'binary' }
}

function exactly(body: Buffer, payload: unknown): unknown {
  try {
    return parseExact(body.toString('utf8').replace(/^\ufeff/, ''))
  } catch {
    // the JSON stands in a field of a form
    return payload
  }
}
