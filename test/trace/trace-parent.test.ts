import fc from 'fast-check'
import t from 'tap'
import { formatTraceparent, nextSpan, parseTraceparent, traceOfEvent } from '../../src/trace/trace-parent.ts'

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'
const SPAN = '00f067aa0ba902b7'

t.test('the examples of W3C are read', async t => {
  t.same(parseTraceparent(`00-${TRACE}-${SPAN}-01`), { traceId: TRACE, spanId: SPAN, isSampled: true })
  t.same(parseTraceparent(`00-${TRACE}-${SPAN}-00`), { traceId: TRACE, spanId: SPAN, isSampled: false })
  t.equal(parseTraceparent(`00-${TRACE}-${SPAN}-03`)?.isSampled, true)
})

t.test('what is not strictly a traceparent is none', async t => {
  const wrong = [
    '',
    `01-${TRACE}-${SPAN}-01`,
    `ff-${TRACE}-${SPAN}-01`,
    `00-${TRACE.toUpperCase()}-${SPAN}-01`,
    `00-${'0'.repeat(32)}-${SPAN}-01`,
    `00-${TRACE}-${'0'.repeat(16)}-01`,
    `00-${TRACE}-${SPAN}-1`,
    `00-${TRACE}-${SPAN}-01-more`,
    ` 00-${TRACE}-${SPAN}-01`,
    `00-${TRACE}-${SPAN}-01\n`,
    `00-${TRACE}-${SPAN}`,
    `00-${TRACE.slice(1)}-${SPAN}-01`,
  ]
  for (const text of wrong) t.equal(parseTraceparent(text), null, JSON.stringify(text))
})

t.test('what is read is written as it was; another text is read as nothing', async t => {
  fc.assert(fc.property(fc.string({ maxLength: 60 }), text => parseTraceparent(text) === null))
  const parsed = parseTraceparent(`00-${TRACE}-${SPAN}-01`)!
  t.equal(formatTraceparent(parsed), `00-${TRACE}-${SPAN}-01`)
  const next = nextSpan(parsed)
  t.match(formatTraceparent(next), new RegExp(`^00-${TRACE}-[0-9a-f]{16}-01$`))
  t.not(next.spanId, SPAN)
})

t.test('an event is in the trace of its sender, whether its headers are a list or stored', async t => {
  const headers = ['Host', 'x', 'TraceParent', `00-${TRACE}-${SPAN}-00`]
  for (const kept of [headers, JSON.stringify(headers)])
    t.same(traceOfEvent({ id: 'evt_1_1', headers: kept }), { traceId: TRACE, spanId: SPAN, isSampled: false })
})

t.test('without one, with two, or with a malformed one, an event has a trace of its own, always the same', async t => {
  const one = `00-${TRACE}-${SPAN}-01`
  const own = traceOfEvent({ id: 'evt_1_1', headers: [] })
  t.not(parseTraceparent(formatTraceparent(own)), null)
  for (const headers of [
    ['traceparent', one, 'traceparent', one],
    ['traceparent', `${one}x`],
    ['tracestate', 'a=b'],
  ])
    t.same(traceOfEvent({ id: 'evt_1_1', headers }), own)
  t.not(traceOfEvent({ id: 'evt_1_2', headers: [] }).traceId, own.traceId)
})
