import {
  type Attributes,
  type Context,
  type Span,
  type SpanContext,
  type SpanOptions,
  type TracerProvider,
  trace,
} from '@opentelemetry/api'
import t, { type Test } from 'tap'
import { parseTraceparent } from '../../src/trace/trace-parent.ts'
import { startTarget } from '../fixtures/start-target.ts'
import { waitFor } from '../fixtures/start-test-bridge.ts'
import { startWorkerBridge } from '../fixtures/start-worker-bridge.ts'

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'
const SPAN = '00f067aa0ba902b7'
const SENT = `00-${TRACE}-${SPAN}-01`

/** A bridge whose one event, delivered with these headers, has led to a request; gives what that carried. */
async function run(t: Test, tracing: object | null, headers: Record<string, string>) {
  const target = await startTarget(t, { body: '{"data":{"createPage":{"success":true,"page":{"id":"pg_1"}}}}' })
  const config = { pixelesq: { endpoint: target.endpoint.href }, ...(tracing !== null && { tracing }) }
  const bridge = await startWorkerBridge(t, { config })
  const eventId = await bridge.deliver('open', { name: 'a' }, { type: 'keyed', headers })
  await bridge.job(eventId, 'succeeded')
  t.equal(target.requests.length, 1)
  const lines = await waitFor('the line of the job', () => {
    const about = bridge.log().filter(line => line.eventId === eventId)
    return about.some(({ msg }) => msg === 'job') ? about : null
  })
  return { eventId, sent: target.requests[0]!.headers, lines }
}

t.test('nothing is traced unless it is switched on', async t => {
  for (const tracing of [null, { propagate: false }]) {
    const { sent, lines } = await run(t, tracing, { traceparent: SENT })
    t.equal(sent.traceparent, undefined)
    t.notOk(lines.some(line => 'traceId' in line))
  }
})

t.test('a request belongs to the trace of the delivery, with a span id of its own; so do the log lines', async t => {
  const { sent, lines } = await run(t, { propagate: true }, { traceparent: SENT, tracestate: 'canary=1' })
  const parsed = parseTraceparent(String(sent.traceparent))
  t.match(parsed, { traceId: TRACE, isSampled: true })
  t.not(parsed?.spanId, SPAN)
  t.equal(sent.tracestate, undefined, 'what a sender says to its own system is not passed on')
  t.strictSame(
    lines.map(({ msg, traceId }) => [msg, traceId]),
    [
      ['delivery', TRACE],
      ['attempt', TRACE],
      ['job', TRACE],
    ],
  )
})

t.test('what a sender did not want sampled stays so', async t => {
  const { sent } = await run(t, { propagate: true }, { traceparent: SENT.replace(/01$/, '00') })
  t.match(parseTraceparent(String(sent.traceparent)), { traceId: TRACE, isSampled: false })
})

t.test('without a traceparent, or with one that is none, the event has a trace of its own', async t => {
  const seen = new Set<string>()
  for (const headers of [{}, { traceparent: `${SENT}-x` }, { traceparent: 'a'.repeat(5_000) }] as const) {
    const { sent, lines } = await run(t, { propagate: true }, headers)
    const parsed = parseTraceparent(String(sent.traceparent))
    t.not(parsed, null)
    t.not(parsed?.traceId, TRACE)
    t.equal(new Set(lines.map(({ traceId }) => traceId)).size, 1, 'the lines agree')
    t.equal(lines[0]!.traceId, parsed?.traceId)
    seen.add(parsed!.traceId)
  }
  t.equal(seen.size, 1, 'the id of the event decides: here each is the first of its store')
})

interface Recorded {
  name: string
  parent: SpanContext | undefined
  attributes: Attributes
  ended: boolean
  isFailed: boolean
  spanId: string
}

/** As much of an SDK as is needed to see what is given to one. */
function makeProvider(recorded: Recorded[]): TracerProvider {
  const startSpan = (name: string, options: SpanOptions = {}, context?: Context): Span => {
    const parent = context === undefined ? undefined : trace.getSpanContext(context)
    const spanId = (recorded.length + 1).toString(16).padStart(16, 'a')
    const line: Recorded = {
      name,
      parent,
      attributes: { ...options.attributes },
      ended: false,
      isFailed: false,
      spanId,
    }
    recorded.push(line)
    return {
      spanContext: () => ({ traceId: parent!.traceId, spanId, traceFlags: parent!.traceFlags }),
      setAttributes: (attributes: Attributes) => void Object.assign(line.attributes, attributes),
      setStatus: () => {
        line.isFailed = true
      },
      end: () => {
        line.ended = true
      },
    } as unknown as Span
  }
  return { getTracer: () => ({ startSpan, startActiveSpan: () => undefined }) } as unknown as TracerProvider
}

t.test('spans go to the SDK the process was started with, and the request names its span', async t => {
  const recorded: Recorded[] = []
  trace.setGlobalTracerProvider(makeProvider(recorded))
  t.teardown(() => trace.disable())
  const { sent, eventId } = await run(t, { propagate: true }, { traceparent: SENT })
  t.match(recorded, [
    {
      name: 'delivery open',
      parent: { traceId: TRACE, spanId: SPAN, isRemote: true },
      attributes: { 'bridge.source': 'open', 'bridge.event_id': eventId, 'bridge.outcome': 'recorded' },
      ended: true,
    },
    {
      name: 'attempt createPage',
      parent: { traceId: TRACE, spanId: SPAN },
      attributes: { 'bridge.integration': 'ci', 'graphql.operation.name': 'createPage', 'bridge.outcome': 'applied' },
      ended: true,
      isFailed: false,
    },
  ])
  t.equal(sent.traceparent, `00-${TRACE}-${recorded[1]!.spanId}-01`)
  t.notMatch(JSON.stringify(recorded), /canary|Bearer/, 'no secret is in a span')
  trace.disable()
})
