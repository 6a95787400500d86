import t from 'tap'
import { type PlannedJob, planJobs } from '../../src/mapping/plan-jobs.ts'
import { eventScope, loadOne } from '../fixtures/mapping-folder.ts'

const steps = [{ id: 'read', operation: 'page', variables: { pageId: 'p' } }]
const RECEIVED_AT = Date.UTC(2026, 0, 1)
const DAY_MS = 86_400_000

async function plan(t: Parameters<typeof loadOne>[0], json: object, payload: unknown, jobsPerEventMax = 100) {
  const mapping = await loadOne(t, { steps, ...json })
  const planned = planJobs(mapping, eventScope(payload), { jobsPerEventMax })
  return planned.ok ? planned.jobs : `${planned.reason}: ${planned.message}`
}

const single = (over: Partial<PlannedJob>): PlannedJob[] => [
  { orderKey: null, item: undefined, itemIndex: 0, runAt: null, expiresAt: null, ...over },
]

t.test('an event makes one job, or one per element of forEach', async t => {
  t.strictSame(await plan(t, {}, {}), single({}))
  t.strictSame(await plan(t, { forEach: 'payload.list', order: '${item.id}' }, { list: [{ id: 'a' }, { id: 2 }] }), [
    { orderKey: 'a', item: { id: 'a' }, itemIndex: 0, runAt: null, expiresAt: null },
    { orderKey: '2', item: { id: 2 }, itemIndex: 1, runAt: null, expiresAt: null },
  ])
  t.strictSame(await plan(t, { forEach: '${payload.list.filter(i, i.ok)}' }, { list: [] }), [])
})

t.test('a hostile list makes no more jobs than allowed (T093)', async t => {
  const list = Array.from({ length: 101 }, (_, i) => i)
  t.equal(
    await plan(t, { forEach: 'payload.list' }, { list }),
    'too_many_items: forEach gives 101 elements, more than limits.jobsPerEvent (100)',
  )
  t.equal(await plan(t, { forEach: 'payload.list' }, { list: { a: 1 } }), 'mapping_type: forEach gives no list')
  t.equal(await plan(t, { forEach: 'payload.list' }, {}), 'missing_key: forEach: payload has no key "list"')
})

t.test('an order key is a text, number or bool, and never empty', async t => {
  const order = (value: unknown) => plan(t, { order: '${payload.v}' }, { v: value })
  t.strictSame(await order('a'), single({ orderKey: 'a' }))
  t.strictSame(await order(5), single({ orderKey: '5' }))
  t.strictSame(await order(false), single({ orderKey: 'false' }))
  t.equal(await order(''), 'invalid_value: order gives an empty text')
  t.equal(await order(null), 'mapping_type: order gives no text, number or bool')
  t.equal(await order({}), 'mapping_type: order gives no text, number or bool')
  t.equal(await order('\ud800'), 'invalid_text: order gives half of a surrogate pair')
  t.equal(await order('x'.repeat(513)), 'too_large: order gives more than 512 characters')
  t.equal(
    await plan(t, { forEach: 'payload.l', order: '${item}' }, { l: ['a', ''] }),
    'invalid_value: element 1: order gives an empty text',
  )
  t.strictSame(
    await plan(t, { vars: { key: 'k-${payload.v}' }, order: '${vars.key}' }, { v: 1 }),
    single({ orderKey: 'k-1' }),
  )
})

t.test('runAt is an instant or a duration after the event', async t => {
  const runAt = (value: unknown) => plan(t, { runAt: '${payload.v}' }, { v: value })
  t.strictSame(await plan(t, { runAt: '10m' }, {}), single({ runAt: RECEIVED_AT + 600_000 }))
  t.strictSame(await runAt('2026-02-03T04:05:06Z'), single({ runAt: Date.UTC(2026, 1, 3, 4, 5, 6) }))
  t.strictSame(await runAt('2026-02-03T04:05:06+02:00'), single({ runAt: Date.UTC(2026, 1, 3, 2, 5, 6) }))
  t.strictSame(await runAt(1_770_000_000), single({ runAt: 1_770_000_000_000 }))
  t.strictSame(await runAt(1_770_000_000_123), single({ runAt: 1_770_000_000_123 }))
  t.strictSame(await runAt(null), single({ runAt: null }))
  for (const bad of ['soon', '', '10 minutes', true, {}, 1e300]) {
    t.equal(
      await runAt(bad),
      'invalid_value: runAt gives neither an instant nor a duration such as 10m',
      JSON.stringify(bad),
    )
  }
})

t.test('expiresAfter counts from when the job may first run', async t => {
  t.strictSame(await plan(t, { expiresAfter: '1d' }, {}), single({ expiresAt: RECEIVED_AT + DAY_MS }))
  t.strictSame(
    await plan(t, { runAt: '2d', expiresAfter: '1d' }, {}),
    single({ runAt: RECEIVED_AT + 2 * DAY_MS, expiresAt: RECEIVED_AT + 3 * DAY_MS }),
  )
  t.strictSame(
    await plan(t, { expiresAfter: '${payload.until}' }, { until: '2026-01-02' }),
    single({ expiresAt: RECEIVED_AT + DAY_MS }),
  )
})
