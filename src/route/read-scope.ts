import { createScope, type EventScope } from '../mapping/create-scope.ts'
import { markLossyNumbers } from '../mapping/expression/lossy-number.ts'
import { parsePayload } from '../mapping/parse-payload.ts'
import { findIdentifier } from '../source/find-identifier.ts'
import { queryOf } from '../source/query-of.ts'
import { headerMap, parseHeaders } from '../source/redact-headers.ts'
import { unpackBody } from '../store/body-codec.ts'
import type { RecordedEvent } from '../store/receipts.ts'
import type { Rules } from './judge-event.ts'

/** Longest event type, in characters. */
const TYPE_CHARS_MAX = 200

export type ReadScope =
  | { ok: true; type: string | null; payload: unknown; scope: EventScope }
  | { ok: false; reason: string; message: string }

/** Parses an event and gives what expressions may know of it, or why it cannot be read. */
export function readScope(
  event: RecordedEvent,
  rules: Pick<Rules, 'sources' | 'constants' | 'jsonDepthMax'>,
): ReadScope {
  const source = rules.sources.get(event.source)
  const body = unpackBody(event.body)
  if (body === null)
    return { ok: false, reason: 'payload_pruned', message: 'its payload is older than retention.payload' }
  const headers = headerMap(parseHeaders(event.headers))
  const parsed = parsePayload(
    body,
    headers['content-type'] ?? null,
    event.query,
    { depthMax: rules.jsonDepthMax },
    source?.form ?? null,
  )
  if (!parsed.ok) return parsed

  const query = queryOf(event.query)
  const type =
    event.type ??
    findIdentifier(
      source?.eventType ?? null,
      { headers, query, payload: markLossyNumbers(parsed.payload, parsed.lossy) },
      TYPE_CHARS_MAX,
    )
  const facts = { id: event.id, source: event.source, type: type ?? '', key: event.key, receivedAt: event.receivedAt }
  const scope = createScope({
    event: facts,
    payload: parsed.payload,
    lossy: parsed.lossy,
    headers,
    query,
    constants: rules.constants,
  })
  return { ok: true, type, payload: parsed.payload, scope }
}
