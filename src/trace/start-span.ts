import { type Attributes, ROOT_CONTEXT, SpanKind, SpanStatusCode, TraceFlags, trace } from '@opentelemetry/api'
import { formatTraceparent, nextSpan, type TraceParent } from './trace-parent.ts'

/** What the instrumentation calls itself. */
const TRACER = 'pixelesq-bridge'

export interface OpenSpan {
  /** What a request that belongs to it carries. */
  traceparent: string
  end(attributes: Attributes, isFailed: boolean): void
}

/**
 * Starts a span below `parent`. It goes to whatever SDK the process was started with (`node --import`); without one nothing
 * is recorded, and the `traceparent` is still of the same trace with a span id of its own.
 */
export function startSpan(
  name: string,
  kind: 'server' | 'client',
  parent: TraceParent,
  attributes: Attributes,
  startedAt: number,
): OpenSpan {
  const { traceId, spanId, isSampled } = parent
  const traceFlags = isSampled ? TraceFlags.SAMPLED : TraceFlags.NONE
  const below = trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags, isRemote: true })
  const span = trace
    .getTracer(TRACER)
    .startSpan(
      name,
      { kind: kind === 'server' ? SpanKind.SERVER : SpanKind.CLIENT, attributes, startTime: startedAt },
      below,
    )
  const own = span.spanContext()
  // without an SDK the API hands the parent back
  const place =
    own.spanId === spanId
      ? nextSpan(parent)
      : { ...own, isSampled: (own.traceFlags & TraceFlags.SAMPLED) === TraceFlags.SAMPLED }
  return {
    traceparent: formatTraceparent(place),
    end(after, isFailed) {
      span.setAttributes(after)
      if (isFailed) span.setStatus({ code: SpanStatusCode.ERROR })
      span.end()
    },
  }
}
