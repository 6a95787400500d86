import t from 'tap'
import { readWait } from '../../../routes/hooks/read-wait.ts'
import type { EventResult } from '../../../src/store/reports.ts'
import { createWaiting } from '../../../src/wait-for-jobs.ts'
import { post, startTestBridge, type TestBridge, waitFor } from '../../fixtures/start-test-bridge.ts'

const publish = (source: string, pageId = '${payload.page}') => ({
  source,
  on: ['publish'],
  integration: 'ci',
  action: 'publishPage',
  with: { pageId },
})
const bearer = { scheme: 'bearer', secrets: ['env:ZAPIER_TOKEN'] }
const SOURCES = {
  job: bearer,
  header: { scheme: 'header', header: 'x-token', secrets: ['env:ZAPIER_TOKEN'] },
  basic: { scheme: 'basic', secrets: ['env:BASIC'] },
  both: { scheme: { anyOf: [bearer, { scheme: 'basic', secrets: ['env:BASIC'] }] } },
  signed: { scheme: 'hmac', header: 'x-sig', secrets: ['env:ACME_SECRET'], eventType: '${payload.type}' },
  mixed: {
    scheme: { anyOf: [bearer, { scheme: 'hmac', header: 'x-sig', secrets: ['env:ACME_SECRET'] }] },
  },
}
const OPTIONS = {
  config: {
    sources: SOURCES,
    limits: { requestTimeout: '2s', settle: '50ms' },
    integrations: { ci: { token: 'env:PIXELESQ_TOKEN', backoff: { base: '20ms', cap: '50ms' } } },
  },
  env: { BASIC: 'user:a-password-of-16-bytes' },
  mappings: Object.fromEntries(Object.keys(SOURCES).map(source => [source, publish(source)])),
}
const bridge = await startTestBridge(t, OPTIONS)
const WAIT = { prefer: 'wait=10' }
let sent = 0

async function call(source: keyof typeof SOURCES, payload: object, headers: Record<string, string> = WAIT) {
  const own = { 'idempotency-key': `key-${sent++}`, ...headers }
  const answer = await bridge.send(source, { type: 'publish', ...payload }, { type: 'publish', headers: own })
  return { ...answer, body: answer.body as typeof answer.body & { routed?: string; jobs?: EventResult['jobs'] } }
}

t.afterEach(() => bridge.sandbox.clearFaults())

t.test('the answer waits until the jobs ended, and says how', async t => {
  for (const source of ['job', 'header', 'basic', 'both'] as const) {
    const answer = await call(source, { page: 'pg_status' })
    t.match(answer, { status: 200, body: { outcome: 'recorded', routed: 'matched' } }, source)
    t.match(answer.body.jobs, [{ mapping: source, state: 'succeeded', reason: null, message: null }])
    t.equal(answer.headers.get('preference-applied'), 'wait')
    t.strictSame(Object.keys(answer.body.jobs![0]!), ['id', 'mapping', 'state', 'reason', 'message'])
  }
})

t.test('a job that is dead or held makes it 424, which curl --fail fails on', async t => {
  bridge.sandbox.addFault({ kind: 'graphql-error', code: 'BAD_USER_INPUT', times: 20 })
  const dead = await call('job', { page: 'pg_status' })
  t.match(dead, { status: 424, body: { outcome: 'recorded', routed: 'matched', jobs: [{ state: 'dead' }] } })
  t.type(dead.body.jobs![0]!.message, 'string')
  t.equal(dead.headers.get('preference-applied'), 'wait')
})

t.test('an event that cannot be read is 424, one that nobody wants is 200', async t => {
  const headers = {
    authorization: 'Bearer canary-zapier-token-0123456789',
    'content-type': 'application/json',
    ...WAIT,
  }
  const broken = await post(`${bridge.url}/hooks/job/publish`, headers, Buffer.from('{'))
  t.match(broken, { status: 424, body: { outcome: 'recorded', routed: 'quarantined', jobs: [] } })
  const answer = await bridge.send('job', { a: 1 }, { type: 'other', headers: WAIT })
  t.match(answer, { status: 200, body: { outcome: 'recorded', routed: 'unmatched', jobs: [] } })
})

t.test('a redelivery waits for the jobs of the first', async t => {
  const headers = { ...WAIT, 'idempotency-key': 'again' }
  const first = await call('job', { page: 'pg_status' }, headers)
  const second = await call('job', { page: 'pg_status' }, headers)
  t.match(second, { status: 200, body: { outcome: 'duplicate', jobs: first.body.jobs! } })
  const other = await call('job', { page: 'pg_pricing' }, headers)
  t.match(other, { status: 422, body: { outcome: 'id_conflict' } })
  t.notOk('jobs' in other.body, 'what leads to nothing is not waited for')
})

t.test('when time is up it is the ordinary answer, and the job goes on', async t => {
  bridge.sandbox.addFault({ kind: 'delay', ms: 1_500, times: 1 })
  const answer = await call('job', { page: 'pg_status' }, { prefer: 'wait=1' })
  t.match(answer, { status: 200, body: { outcome: 'recorded' } })
  t.strictSame(Object.keys(answer.body), ['eventId', 'outcome'])
  t.equal(answer.headers.get('preference-applied'), 'wait')
  t.match(await bridge.job(answer.body.eventId!), { state: 'succeeded' })
})

t.test('nobody else waits: senders that sign, and callers that do not ask', async t => {
  bridge.sandbox.addFault({ kind: 'delay', ms: 100, times: 20 })
  for (const answer of [
    await call('signed', { page: 'pg_status' }),
    await call('mixed', { page: 'pg_status' }),
    await call('job', { page: 'pg_status' }, {}),
    await call('job', { page: 'pg_status' }, { prefer: 'respond-async' }),
  ]) {
    t.equal(answer.status, 200)
    t.strictSame(Object.keys(answer.body), ['eventId', 'outcome'])
    t.equal(answer.headers.get('preference-applied'), null)
  }
})

t.test('a wrong token does not wait', async t => {
  const answer = await call('job', { page: 'pg_status' }, { ...WAIT, authorization: 'Bearer another-token-0123456789' })
  t.equal(answer.status, 401)
})

t.test('the number of those that wait is bounded; the others are answered at once', async t => {
  const slow = await startTestBridge(t, OPTIONS)
  slow.sandbox.addFault({ kind: 'hang', times: 1_000 })
  const answers = await Promise.all(
    Array.from({ length: 80 }, (_, n) =>
      slow.send('job', { page: 'pg_status', n }, { type: 'publish', headers: { prefer: 'wait=1' } }),
    ),
  )
  t.strictSame([...new Set(answers.map(({ status }) => status))], [200])
  const waited = answers.filter(({ headers }) => headers.get('preference-applied') === 'wait')
  t.ok(waited.length <= 64 && waited.length >= 60, `${waited.length} waited`)
  t.equal(slow.rows('select seq from event').length, 80, 'all of them are on disk')
  slow.sandbox.clearFaults()
})

t.test('the service stops without waiting for them', async t => {
  const own = await startTestBridge(t, OPTIONS)
  own.sandbox.addFault({ kind: 'status', status: 503, times: 1_000 })
  const answer = own.send('job', { page: 'pg_status' }, { type: 'publish', headers: { prefer: 'wait=30' } })
  await waitForJob(own)
  await own.stop()
  const { status, body, headers } = await answer
  t.match([status, body], [200, { outcome: 'recorded' }])
  t.equal(headers.get('connection'), 'close', 'a kept connection would keep the service from stopping')
})

const waitForJob = (own: TestBridge): Promise<unknown> =>
  waitFor('a job', () => own.rows('select seq from job').length > 0)

t.test('who goes away makes room for others', async t => {
  const never = { readOutcome: async () => ({ outcome: 'unrouted', jobs: [] }) as const }
  const waiting = createWaiting(never)
  let isGone = false
  const gone = Array.from({ length: 64 }, () => waiting.wait('evt', 30_000, () => isGone))
  t.match(await waiting.wait('evt', 30_000, () => false), { kind: 'full' })
  isGone = true
  for (const waited of await Promise.all(gone)) t.match(waited, { kind: 'late' })
  t.match(await waiting.wait('evt', 1, () => false), { kind: 'late' })
})

t.test('a store that cannot be read is waited for, and is no failure of the delivery', async t => {
  let asked = 0
  const flaky = {
    readOutcome: async (): Promise<EventResult> => {
      if (asked++ < 2) throw new Error('busy')
      return { outcome: 'unmatched', jobs: [] }
    },
  }
  t.match(await createWaiting(flaky).wait('evt', 5_000, () => false), { kind: 'ended' })
})

t.test('Prefer is read as RFC 7240 says', async t => {
  const cases: readonly (readonly [string | undefined, number | null])[] = [
    ['wait=10', 10_000],
    ['Wait="10"', 10_000],
    ['respond-async, wait=5', 5_000],
    ['wait = 5 ; foo=bar', 5_000],
    ['wait=5, wait=20', 5_000],
    ['wait=31', 30_000],
    ['wait=999999999', 30_000],
    ['wait=0', null],
    ['wait=-1', null],
    ['wait=1.5', null],
    ['wait=1e1', null],
    ['wait=', null],
    ['wait', null],
    ['await=10', null],
    ['x-wait=10', null],
    ['wait=9999999999', null],
    ['', null],
    [undefined, null],
  ]
  for (const [header, expected] of cases) t.equal(readWait(header), expected, header ?? 'none')
  t.equal(readWait(['a', 'wait=3']), 3_000)
})
