import { hash, randomBytes } from 'node:crypto'
import { parseHeaders } from '../source/redact-headers.ts'

/** A place in a trace (W3C Trace Context): of which trace, below which span, and whether it is sampled. */
export interface TraceParent {
  /** 32 hex digits. */
  traceId: string
  /** 16 hex digits. */
  spanId: string
  isSampled: boolean
}

/** Only version 00: what others will look like nobody can say. Lower case, as the specification has it. */
const TRACEPARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/

/** Reads a `traceparent`; null where it is none, or says zero. Source: w3.org/TR/trace-context, 3.2. */
export function parseTraceparent(text: string): TraceParent | null {
  const [, traceId, spanId, flags] = TRACEPARENT.exec(text) ?? []
  if (traceId === undefined || /^0+$/.test(traceId) || /^0+$/.test(spanId!)) return null
  return { traceId, spanId: spanId!, isSampled: (Number.parseInt(flags!, 16) & 1) === 1 }
}

/** Writes a `traceparent`. */
export function formatTraceparent({ traceId, spanId, isSampled }: TraceParent): string {
  return `00-${traceId}-${spanId}-${isSampled ? '01' : '00'}`
}

/**
 * The place of an event in a trace: what its sender said, where that is a `traceparent` and there is only one of it. Else a
 * trace of its own that is made of its id, so that every attempt belongs to it, also after a restart.
 */
export function traceOfEvent({ id, headers }: { id: string; headers: readonly string[] | string }): TraceParent {
  const list = parseHeaders(headers)
  const said: string[] = []
  for (let i = 0; i < list.length; i += 2) if (list[i]!.toLowerCase() === 'traceparent') said.push(list[i + 1]!)
  const parsed = said.length === 1 ? parseTraceparent(said[0]!) : null
  if (parsed !== null) return parsed
  const digits = hash('sha256', `trace of ${id}`, 'hex')
  return { traceId: digits.slice(0, 32), spanId: digits.slice(32, 48), isSampled: true }
}

/** The same trace, one span further. */
export function nextSpan(parent: TraceParent): TraceParent {
  return { ...parent, spanId: randomBytes(8).toString('hex') }
}
