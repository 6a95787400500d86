import t, { type Test } from 'tap'
import { ADMIN_KEY } from '../fixtures/call-api.ts'
import { startTarget } from '../fixtures/start-target.ts'
import { post, type TestBridge, waitFor } from '../fixtures/start-test-bridge.ts'
import { emit, INTEGRATION, startWorkerBridge } from '../fixtures/start-worker-bridge.ts'

const VIEWER_KEY = 'canary-viewer-key-0123456789'
const admin = {
  keys: [
    { name: 'ops', role: 'admin', key: 'env:OPS_KEY' },
    { name: 'look', role: 'viewer', key: 'env:LOOK_KEY' },
  ],
}
const env = { OPS_KEY: ADMIN_KEY, LOOK_KEY: VIEWER_KEY }

async function scrape({ url }: TestBridge, key: string | null = VIEWER_KEY) {
  const headers: Record<string, string> = key === null ? {} : { authorization: `Bearer ${key}` }
  const response = await fetch(`${url}/metrics`, { headers })
  return { status: response.status, type: response.headers.get('content-type'), text: await response.text() }
}

/** Samples by their name with labels. */
function samplesOf(text: string): Map<string, number> {
  const lines = text.split('\n').filter(line => line !== '' && !line.startsWith('#'))
  return new Map(
    lines.map(line => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]),
  )
}

const start = (t: Test, config: Record<string, unknown> = {}): Promise<TestBridge> =>
  startWorkerBridge(t, { config: { admin, ...config }, env })

t.test('metrics need an admin key of any role', async t => {
  const bridge = await start(t)
  for (const key of [VIEWER_KEY, ADMIN_KEY]) {
    const { status, type } = await scrape(bridge, key)
    t.equal(status, 200)
    t.equal(type, 'text/plain; version=0.0.4; charset=utf-8')
  }
  for (const key of [null, 'nobody-knows-this-0123456789']) {
    const { status, text } = await scrape(bridge, key)
    t.equal(status, 401)
    t.match(JSON.parse(text), { error: { code: 'unauthorized' } })
    t.notMatch(text, 'bridge_')
  }
})

t.test('guessing keys at the metrics is limited like everywhere', async t => {
  const bridge = await start(t, { limits: { failedAuthPerMinute: 2 } })
  for (let n = 0; n < 2; n++) t.equal((await scrape(bridge, null)).status, 401)
  t.equal((await scrape(bridge, null)).status, 429)
})

t.test('metrics.public lets everybody read them, from the next reload on', async t => {
  const bridge = await start(t)
  t.equal((await scrape(bridge, null)).status, 401)
  const file = JSON.parse(bridge.folder.read('bridge.json'))
  bridge.folder.write('bridge.json', { ...file, metrics: { public: true } })
  t.ok(await bridge.reload('test'))
  t.equal((await scrape(bridge, null)).status, 200)
})

t.test('deliveries, refusals, attempts and jobs are counted by name and outcome', async t => {
  const bridge = await start(t)
  await bridge.job(await emit(bridge, 'publish'), 'succeeded')
  const headers = { 'idempotency-key': 'same' }
  for (let n = 0; n < 2; n++) await bridge.deliver('open', { n: 1 }, { type: 'nothing', headers })
  const forged = { 'content-type': 'application/json', 'x-hub-signature-256': `sha256=${'0'.repeat(64)}` }
  t.equal((await post(`${bridge.url}/hooks/github`, forged, Buffer.from('{}'))).status, 401)
  for (const name of ['nobody', 'someone-else', '__proto__'])
    t.equal((await post(`${bridge.url}/hooks/${name}`, {}, Buffer.from('{}'))).status, 404)

  const samples = await waitFor('the last answers to be counted', async () => {
    const samples = samplesOf((await scrape(bridge)).text)
    const isCounted = samples.get('bridge_deliveries_total{source="(unknown)",outcome="not_found"}') === 3
    return isCounted && samples.get('bridge_unrouted_events') === 0 ? samples : null
  })
  const expected = {
    'bridge_deliveries_total{source="open",outcome="recorded"}': 2,
    'bridge_deliveries_total{source="open",outcome="duplicate"}': 1,
    'bridge_deliveries_total{source="github",outcome="rejected"}': 1,
    'bridge_rejected_total{source="github",reason="signature_mismatch"}': 1,
    'bridge_attempts_total{integration="ci",outcome="applied"}': 2,
    'bridge_attempt_seconds_count{integration="ci"}': 2,
    'bridge_jobs_total{mapping="publish",outcome="made"}': 1,
    'bridge_jobs_total{mapping="publish",outcome="succeeded"}': 1,
    'bridge_answer_seconds_count{source="open"}': 3,
    'bridge_token_state{integration="ci",state="active"}': 1,
    bridge_open_jobs: 0,
    bridge_unrouted_events: 0,
    bridge_routing_lag_seconds: 0,
    bridge_oldest_job_age_seconds: 0,
  }
  for (const [name, value] of Object.entries(expected)) t.equal(samples.get(name), value, name)
  t.ok(samples.get('process_resident_memory_bytes')! > 1e7)
  t.ok([...samples.keys()].some(name => /^bridge_build_info\{version="\d+\.\d+\.\d+",node="v\d+/.test(name)))
  t.notOk(
    [...samples.keys()].some(name => /nobody|someone|proto/.test(name)),
    'no name of a stranger is a label',
  )
})

t.test('what waits is counted by state and integration, with the age of the oldest', async t => {
  const target = await startTarget(t, { status: 401, body: '{"errors":[{"message":"no"}]}' })
  const bridge = await startWorkerBridge(t, {
    config: { admin, integrations: { ci: INTEGRATION }, pixelesq: { endpoint: target.endpoint.href } },
    env,
  })
  await emit(bridge, 'publish')
  const samples = await waitFor('the token to be refused', async () => {
    const samples = samplesOf((await scrape(bridge)).text)
    return samples.has('bridge_token_state{integration="ci",state="refused"}') ? samples : null
  })
  t.equal(samples.get('bridge_jobs{state="queued",integration="ci"}'), 1)
  t.equal(samples.get('bridge_open_jobs'), 1)
  t.ok(samples.get('bridge_oldest_job_age_seconds')! > 0)
  t.notOk(samples.has('bridge_token_state{integration="ci",state="active"}'), 'one state at a time')
})

t.test('no secret is in the metrics', async t => {
  const bridge = await start(t)
  await bridge.job(await emit(bridge, 'publish'), 'succeeded')
  t.notMatch((await scrape(bridge)).text, /canary|Bearer|pxl_/)
})
