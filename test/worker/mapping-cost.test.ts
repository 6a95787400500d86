import t from 'tap'
import { emit, one, requestsOf, startWorkerBridge } from '../fixtures/start-worker-bridge.ts'

/** What a mapping does that costs more than its budget: a dead letter, and nothing else suffers. */

const SQUARE = 'payload.items.all(a, payload.items.all(b, a.n + b.n >= 0))'
const entries = (search: string) => ({ collectionId: 'col_products', search })
/** Each is within the limit of one expression; together they are not within that of a job. */
const many = Object.fromEntries(
  Array.from({ length: 8 }, (_, i) => [
    `v${i}`,
    '${payload.items.all(a, payload.items.filter(b, b.n < 60).all(b, b.n >= 0))}',
  ]),
)
const bridge = await startWorkerBridge(t, {
  mappings: {
    step: one('step', 'entries', entries(`\${${SQUARE} ? 'a' : 'b'}`)),
    vars: one('vars', 'entries', entries('a'), { vars: many }),
    second: {
      source: 'open',
      on: ['second'],
      integration: 'ci',
      steps: [
        { id: 'a', operation: 'entries', variables: entries('before') },
        { id: 'b', if: SQUARE, operation: 'entries', variables: entries('never') },
      ],
    },
    when: one('when', 'entries', entries('a'), { when: SQUARE }),
    order: one('order', 'entries', entries('a'), { order: `\${string(${SQUARE})}` }),
    each: one('each', 'entries', entries('a'), {
      forEach: 'payload.items',
      order: `\${item.n} \${payload.items.all(a, a.n >= 0)}`,
    }),
    beside: one('when', 'entries', entries('beside')),
  },
  config: { limits: { settle: '50ms', requestTimeout: '1s', attempts: 4, jobsPerEvent: 1_000 } },
})
const items = (count: number) => ({ items: Array.from({ length: count }, (_, n) => ({ n, text: 'x'.repeat(20) })) })
const HOSTILE = items(3_000)

t.test('one expression over a hostile payload: dead with mapping_cost, nothing is sent', async t => {
  const job = await bridge.job(await emit(bridge, 'step', HOSTILE))
  t.match(job, {
    state: 'dead',
    reason: 'mapping_cost',
    message: /^variables\.search of step "a": the expression needs more than 200000 steps/,
  })
  t.equal(requestsOf(bridge, 'entries').length, 0)
})

t.test('expressions that are each within their limit, and together are not', async t => {
  t.match(await bridge.job(await emit(bridge, 'vars', items(300))), {
    state: 'dead',
    reason: 'mapping_cost',
    message: /^vars\.v\d: the expressions of the mapping need more than 500000 steps together/,
  })
  t.equal((await bridge.job(await emit(bridge, 'vars', items(100)))).state, 'succeeded', 'a smaller payload passes')
})

t.test('a later step: what was read before it was read, nothing after it is sent', async t => {
  t.match(await bridge.job(await emit(bridge, 'second', HOSTILE)), {
    state: 'dead',
    reason: 'mapping_cost',
    message: /^if of step "b"/,
  })
  const sent = requestsOf(bridge, 'entries').map(entry => JSON.stringify(entry.variables))
  t.equal(sent.filter(variables => variables.includes('before')).length, 1)
  t.equal(sent.filter(variables => variables.includes('never')).length, 0)
})

t.test('when, order and forEach are bounded where events are judged; the mapping beside them goes on', async t => {
  const detail = await bridge.settled(await emit(bridge, 'when', HOSTILE))
  t.equal(detail.outcome, 'matched')
  t.match(
    [...detail.jobs].sort((a, b) => (a.mapping < b.mapping ? -1 : 1)),
    [
      { mapping: 'beside', state: 'succeeded' },
      {
        mapping: 'when',
        state: 'dead',
        reason: 'mapping_cost',
        message: /^when: the expression needs more than 200000 steps/,
      },
    ],
  )
  t.match(await bridge.job(await emit(bridge, 'order', HOSTILE)), {
    state: 'dead',
    reason: 'mapping_cost',
    message: /^order: the expression/,
  })
  t.match(await bridge.job(await emit(bridge, 'each', items(900))), {
    state: 'dead',
    reason: 'mapping_cost',
    message: /^element \d+: order: the expressions of the mapping need more than 500000 steps together/,
  })
})

t.test('the service goes on: deliveries are taken and other jobs done meanwhile', async t => {
  const hostile = await Promise.all(Array.from({ length: 10 }, () => emit(bridge, 'step', HOSTILE)))
  const good = await Promise.all(Array.from({ length: 10 }, (_, n) => emit(bridge, 'read', { n: `good ${n}` })))
  for (const id of good) t.equal((await bridge.job(id)).state, 'succeeded')
  for (const id of hostile) t.match(await bridge.job(id), { state: 'dead', reason: 'mapping_cost' })
  t.equal((await fetch(`${bridge.url}/health/ready`)).status, 200)
  t.strictSame(bridge.fatal, [])
})
