import Database from 'better-sqlite3'
import t, { type Test } from 'tap'
import type { z } from 'zod'
import {
  rejectedAnswer,
  rejectedListAnswer,
  rejectedRetriesAnswer,
  rejectedRetryAnswer,
} from '../../../src/admin/event-answers.ts'
import { ADMIN_KEY, getApi, getRaw, postApi } from '../../fixtures/call-api.ts'
import { keySetOf, makeIssuer, makeToken } from '../../fixtures/make-token.ts'
import { listKept, sendRefused } from '../../fixtures/send-refused.ts'
import {
  envText,
  post,
  SECRETS,
  SOURCES,
  startTestBridge,
  type TestBridge,
  type TestBridgeOptions,
} from '../../fixtures/start-test-bridge.ts'
import { one } from '../../fixtures/start-worker-bridge.ts'

/** What the senders have, and the bridge does not have yet. */
const RIGHT = {
  GITHUB_WEBHOOK_SECRET: 'right-github-secret-0123456789',
  STRIPE_WEBHOOK_SECRET: 'whsec_right_stripe_0123456789',
  ZAPIER_TOKEN: 'right-zapier-token-0123456789',
}
const rename = one(
  'push',
  'renameEntry',
  { entryId: '${payload.entry}', name: '${payload.name}' },
  { source: 'github' },
)
const push = (name: string) => ({ entry: 'ent_free', name })

function start(t: Test, { config = {}, ...options }: TestBridgeOptions = {}): Promise<TestBridge> {
  const env = { BRIDGE_ADMIN_KEY: ADMIN_KEY }
  return startTestBridge(t, {
    mappings: { rename },
    env,
    config: { limits: { failedAuthPerMinute: 10_000 }, ...config },
    ...options,
  })
}

/** Puts the secrets of the senders into `.env`, and in force. */
async function correct(bridge: TestBridge, more: Readonly<Record<string, string>> = {}): Promise<void> {
  bridge.folder.write('.env', envText({ ...SECRETS, ...RIGHT, BRIDGE_ADMIN_KEY: ADMIN_KEY, ...more }))
  if (!(await bridge.reload('a secret was corrected'))) throw new Error(bridge.logText())
}

async function retry(bridge: TestBridge, id: string): Promise<z.output<typeof rejectedRetryAnswer>> {
  const { status, text } = await postApi(bridge, `rejected/${id}/retry`, {})
  if (status !== 200) throw new Error(`${status} ${text}`)
  return rejectedRetryAnswer.parse(JSON.parse(text))
}
async function retryMany(bridge: TestBridge, body: object): Promise<z.output<typeof rejectedRetriesAnswer>> {
  const { status, text } = await postApi(bridge, 'rejected/retry', body)
  if (status !== 200) throw new Error(`${status} ${text}`)
  return rejectedRetriesAnswer.parse(JSON.parse(text))
}

const eventsOf = (bridge: TestBridge): number => bridge.rows<{ n: number }>('select count(*) as n from event')[0]!.n

t.test('what was refused while a secret was wrong is taken once it is corrected, and mapped', async t => {
  const bridge = await start(t)
  for (const [n, name] of ['a', 'b', 'c'].entries())
    await sendRefused(bridge, 'github', RIGHT.GITHUB_WEBHOOK_SECRET, push(name), { type: 'push', id: `id-${n}` })
  const kept = await listKept(bridge, 3)
  t.equal(eventsOf(bridge), 0)
  t.match(await retryMany(bridge, { source: 'github' }), {
    accepted: 0,
    refused: 3,
    results: [{ reason: 'signature_mismatch', message: 'None of the secrets of today makes its signature' }, {}, {}],
  })
  await correct(bridge)

  const before = Date.now()
  const answer = await retryMany(bridge, { source: 'github', since: '1h', reason: 'signature_mismatch' })
  t.match(answer, { dryRun: false, accepted: 3, refused: 0 })
  t.same(
    answer.results.map(({ id }) => id),
    kept.map(({ id }) => id).reverse(),
    'oldest first',
  )
  for (const [n, { eventId, outcome }] of answer.results.entries()) {
    t.equal(outcome, 'recorded')
    const { event, jobs } = await bridge.settled(eventId!)
    t.strictSame(
      [event.type, event.key, JSON.parse(String(Buffer.from(event.body.bytes))).name],
      ['push', `id-${n}`, 'abc'[n]],
    )
    t.ok(event.receivedAt >= before, 'as if it came now')
    t.match(jobs, [{ mapping: 'rename', state: 'succeeded' }])
  }
  t.same(await listKept(bridge, 0), [], 'they are no refused deliveries any more')
  const acts = bridge.log().filter(({ msg, act }) => msg === 'act' && act === 'retry')
  t.match(acts.at(-1), { rejectedId: kept[0]!.id, outcome: 'recorded', eventId: /^evt_/ })
  t.equal(acts.length, 6)
})

t.test('a dry run says what would be taken, and changes nothing', async t => {
  const bridge = await start(t)
  await sendRefused(bridge, 'github', RIGHT.GITHUB_WEBHOOK_SECRET, push('a'), { type: 'push' })
  await sendRefused(bridge, 'github', 'nobody-knows-this-0123456789', push('b'), { type: 'push' })
  const [wrong, right] = await listKept(bridge, 2)
  await correct(bridge)
  t.match(await retryMany(bridge, { source: 'github', dryRun: true }), {
    dryRun: true,
    accepted: 1,
    refused: 1,
    results: [
      { id: right!.id, accepted: true, outcome: null, eventId: null, reason: null },
      { id: wrong!.id, accepted: false, reason: 'signature_mismatch' },
    ],
  })
  t.match(await postApi(bridge, `rejected/${right!.id}/retry`, { dryRun: true }), { status: 200 })
  t.equal(eventsOf(bridge), 0)
  t.equal((await listKept(bridge, 2)).length, 2)
})

t.test('one is retried by its id; what is still refused says why and stays', async t => {
  const bridge = await start(t)
  await sendRefused(bridge, 'github', RIGHT.GITHUB_WEBHOOK_SECRET, push('a'), { type: 'push' })
  const id = (await listKept(bridge, 1))[0]!.id
  t.match(await postApi(bridge, `rejected/${id}/retry`, {}), {
    status: 409,
    body: {
      error: {
        code: 'still_refused',
        message: 'None of the secrets of today makes its signature (signature_mismatch)',
      },
    },
  })
  await correct(bridge)
  t.match(await retry(bridge, id), { id, accepted: true, outcome: 'recorded', eventId: /^evt_/ })
  t.match(await postApi(bridge, `rejected/${id}/retry`, {}), { status: 404, body: { error: { code: 'not_found' } } })
  t.equal(eventsOf(bridge), 1)
})

t.test('of two people who retry at once one comes too late, and there is one event', async t => {
  // without a key, and with a window in which equal bodies are one: only the transaction keeps them apart
  const bridge = await start(t)
  await sendRefused(bridge, 'stripe', RIGHT.STRIPE_WEBHOOK_SECRET, { id: 'evt_1', type: 'x' })
  const id = (await listKept(bridge, 1))[0]!.id
  await correct(bridge)
  const tries = await Promise.all(Array.from({ length: 8 }, () => postApi(bridge, `rejected/${id}/retry`, {})))
  t.same(tries.map(({ status }) => status).sort(), [200, 404, 404, 404, 404, 404, 404, 404])
  t.equal(eventsOf(bridge), 1)
})

t.test('what its sender delivered again meanwhile is a duplicate, and no second event', async t => {
  const bridge = await start(t)
  await sendRefused(bridge, 'github', RIGHT.GITHUB_WEBHOOK_SECRET, push('a'), { type: 'push', id: 'same' })
  const id = (await listKept(bridge, 1))[0]!.id
  await correct(bridge)
  const eventId = await bridge.deliver('github', push('a'), { type: 'push', id: 'same' })
  t.match(await retry(bridge, id), { outcome: 'duplicate', eventId })
  t.equal(eventsOf(bridge), 1)
})

t.test('the timestamp is judged at the receipt, not now', async t => {
  const bridge = await start(t)
  await sendRefused(bridge, 'stripe', RIGHT.STRIPE_WEBHOOK_SECRET, { id: 'evt_1', type: 'x' })
  await listKept(bridge, 1)
  await correct(bridge)
  const source = bridge.bridge.live.setup.sources.get('stripe')!
  const id = (await listKept(bridge, 1))[0]!.id
  const sample = (await bridge.bridge.store.readRejected(id))!
  const delivery = { ...sample, rawHeaders: sample.headers, body: Buffer.from(sample.body) }
  const { scheme, secrets } = source
  t.match(await scheme.verify(delivery, secrets, Date.now() + 86_400_000), { reason: 'timestamp_out_of_range' })
  // as if a day had gone by since
  const { retryRejected } = await import('../../../src/admin/retry-rejected.ts')
  const tomorrow = { now: Date.now() + 86_400_000, dryRun: false }
  t.match(await retryRejected(sample, bridge.bridge, tomorrow), { accepted: true, outcome: 'recorded' })
  const late = { ...sample, receivedAt: sample.receivedAt + 86_400_000 }
  t.match(await retryRejected(late, bridge.bridge, tomorrow), { accepted: false, reason: 'timestamp_out_of_range' })
})

t.test('a static credential is known again by its digest, and never stored or shown', async t => {
  const sources = {
    ...SOURCES,
    named: { scheme: 'header', header: 'x-hook-token', secrets: ['env:ZAPIER_TOKEN'] },
    basic: { scheme: 'basic', secrets: ['env:BASIC'] },
    query: { scheme: 'query-token', secrets: ['env:ZAPIER_TOKEN'], allowQueryToken: true },
    prismic: { scheme: 'prismic', secrets: ['env:ZAPIER_TOKEN'] },
  }
  const env = { BASIC: 'user:wrong-password-0123456789', BRIDGE_ADMIN_KEY: ADMIN_KEY }
  const bridge = await start(t, { config: { sources, limits: { failedAuthPerMinute: 10_000 } }, env })
  const token = RIGHT.ZAPIER_TOKEN
  for (const source of ['zapier', 'named', 'query', 'prismic']) {
    await sendRefused(bridge, source, token, { type: 'x', via: source }, { type: 'x' })
    await sendRefused(bridge, source, 'nobody-knows-this-0123456789', { type: 'x', via: source }, { type: 'x' })
  }
  await sendRefused(bridge, 'basic', 'user:right-password-0123456789', { via: 'basic' }, { type: 'x' })
  const kept = await listKept(bridge, 9)
  const texts = await Promise.all(kept.map(({ id }) => getRaw(bridge, `rejected/${id}`)))
  const stored = JSON.stringify(bridge.rows('select *, cast(body as text) as text from rejected_sample'))
  for (const text of [stored, ...texts.map(({ text }) => text), bridge.logText()])
    t.notMatch(text, /right-|nobody-knows/)
  for (const { text } of texts) t.notMatch(text, /salt|digest/)

  await correct(bridge, { BASIC: 'user:right-password-0123456789' })
  for (const source of ['zapier', 'named', 'query', 'prismic', 'basic']) {
    const { results } = await retryMany(bridge, { source })
    t.match(results[0], { accepted: true, outcome: 'recorded' }, source)
    const { event } = await bridge.settled(results[0]!.eventId!)
    const payload = JSON.parse(String(Buffer.from(event.body.bytes)))
    t.equal(payload.via, source, 'with its body, although the headers alone had decided')
    t.notMatch(JSON.stringify([event.headers, event.query, payload]), /right-/)
    if (source !== 'basic') t.match(results[1], { accepted: false, reason: 'credentials_mismatch' }, source)
  }
})

t.test('a token is judged at its own receipt, by the claims of today; one that lasts is not kept', async t => {
  const issuer = makeIssuer('key-1')
  const source = (repository: string) => ({
    scheme: 'github-actions',
    audience: 'bridge',
    claims: { repository_id: repository },
    jwks: 'file:keys.json',
  })
  const bridge = await start(t, { config: { sources: SOURCES } })
  bridge.folder.write('keys.json', keySetOf(issuer))
  const config = JSON.parse(bridge.folder.read('bridge.json'))
  const put = async (repository: string): Promise<void> => {
    bridge.folder.write('bridge.json', { ...config, sources: { ...SOURCES, actions: source(repository) } })
    t.ok(await bridge.reload('test'))
  }
  await put('wrong')
  const nowSec = Math.floor(Date.now() / 1_000)
  const call = async (lifeSec: number, body: string): Promise<void> => {
    const claims = { aud: 'bridge', repository_id: '1', iat: nowSec, exp: nowSec + lifeSec }
    const token = makeToken(issuer, { iss: 'https://token.actions.githubusercontent.com', ...claims })
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
    t.equal((await post(`${bridge.url}/hooks/actions/deploy`, headers, Buffer.from(body))).status, 401)
  }
  await call(300, '{"n":1}')
  await call(90_000, '{"n":2}')
  const [lasting, short] = await listKept(bridge, 2)
  await put('1')
  const { retryRejected } = await import('../../../src/admin/retry-rejected.ts')
  const sample = (await bridge.bridge.store.readRejected(short!.id))!
  t.notMatch((await getRaw(bridge, `rejected/${short!.id}`)).text, /eyJ/)
  const inAnHour = { now: Date.now() + 3_600_000, dryRun: true }
  t.match(await retryRejected(sample, bridge.bridge, inAnHour), { accepted: true }, 'although it has expired by then')
  const { eventId } = await retry(bridge, short!.id)
  t.notMatch(JSON.stringify((await bridge.settled(eventId!)).event.headers), /eyJ/)
  t.match(await retryMany(bridge, { ids: [lasting!.id] }), { results: [{ reason: 'token_not_kept' }] })
  t.notMatch(JSON.stringify(bridge.rows('select credentials from rejected_sample')), /eyJ/)
})

t.test('a secret that has expired since counts no more', async t => {
  const bridge = await start(t)
  const sources = (secrets: unknown[]) => ({ ...SOURCES, github: { scheme: 'github', secrets } })
  await sendRefused(bridge, 'github', RIGHT.GITHUB_WEBHOOK_SECRET, push('a'), { type: 'push' })
  const id = (await listKept(bridge, 1))[0]!.id
  const config = JSON.parse(bridge.folder.read('bridge.json'))
  const expires = new Date(Date.now() + 1_000).toISOString()
  const secrets = [{ ref: 'env:OLD', expires }, 'env:GITHUB_WEBHOOK_SECRET']
  bridge.folder.write('.env', `${bridge.folder.read('.env')}OLD=${RIGHT.GITHUB_WEBHOOK_SECRET}\n`)
  bridge.folder.write('bridge.json', { ...config, sources: sources(secrets) })
  t.ok(await bridge.reload('test'))
  const { retryRejected } = await import('../../../src/admin/retry-rejected.ts')
  const sample = (await bridge.bridge.store.readRejected(id))!
  const at = (ms: number) => retryRejected(sample, bridge.bridge, { now: Date.parse(expires) + ms, dryRun: true })
  t.match(await at(-1), { accepted: true })
  t.match(await at(0), { accepted: false, reason: 'secret_expired' })
})

t.test('a source that is gone, retired, unsigned or changed says so, and the delivery stays', async t => {
  const bridge = await start(t)
  await sendRefused(bridge, 'github', RIGHT.GITHUB_WEBHOOK_SECRET, push('a'), { type: 'push' })
  const id = (await listKept(bridge, 1))[0]!.id
  const config = JSON.parse(bridge.folder.read('bridge.json'))
  const { github: _, ...others } = SOURCES
  for (const [reason, github] of [
    ['source_retired', { ...SOURCES.github, retired: true }],
    ['source_unsigned', { scheme: 'none', unsigned: true, idempotencyKey: SOURCES.open.idempotencyKey }],
    ['method_not_allowed', { ...SOURCES.github, methods: ['PUT'] }],
    ['body_too_large', { ...SOURCES.github, bodyBytes: 5 }],
    ['credentials_missing', { scheme: 'bearer', secrets: ['env:ZAPIER_TOKEN'] }],
    ['source_missing', undefined],
  ] as const) {
    const sources = github === undefined ? others : { ...others, github }
    bridge.folder.write('bridge.json', { ...config, sources })
    if (github === undefined)
      bridge.folder.write('mappings/rename.json', one('push', 'renameEntry', { entryId: 'e', name: 'x' }))
    t.ok(await bridge.reload('test'), bridge.logText())
    t.match(
      await retryMany(bridge, { ids: [id] }),
      { results: [{ id, accepted: false, reason, message: /\S/ }] },
      reason,
    )
  }
  t.equal((await listKept(bridge, 1)).length, 1)
})

t.test('they are listed with how many there were, page by page, and filtered', async t => {
  const bridge = await start(t)
  for (let n = 0; n < 3; n++) await sendRefused(bridge, 'github', 'wrong-secret-0123456789', { n }, { type: 'push' })
  await sendRefused(bridge, 'zapier', 'wrong-token-0123456789', { n: 3 }, { type: 'page' })
  const kept = await listKept(bridge, 4)
  const list = async (query: string) => {
    const { status, text } = await getApi(bridge, `rejected${query}`)
    t.equal(status, 200, text)
    return rejectedListAnswer.parse(JSON.parse(text))
  }
  t.match((await list('')).counts, [
    { source: 'github', reason: 'signature_mismatch', count: 3 },
    { source: 'zapier', reason: 'credentials_mismatch', count: 1 },
  ])
  const first = await list('?limit=3')
  const second = await list(`?limit=3&cursor=${first.next}`)
  t.same([...first.rejected, ...second.rejected], kept)
  t.equal(second.next, null)
  t.match(await list('?source=zapier'), { rejected: [{ type: 'page', bodyBytes: 7 }], counts: [{ count: 1 }] })
  t.match(await list('?reason=none'), { rejected: [], counts: [], countsSince: null })
  t.match(await list('?until=2026-01-01T00:00:00Z'), { rejected: [], counts: [] })
  for (const query of ['?reason=', '?cursor=x', '?type=push', '?limit=0'])
    t.equal((await getRaw(bridge, `rejected${query}`)).status, 400, query)
})

t.test('one is shown as it came, its credentials struck out', async t => {
  const bridge = await start(t)
  const more = { 'x-other': 'kept', cookie: 'canary-cookie' }
  await sendRefused(bridge, 'github', 'wrong-secret-0123456789', '{"a": "ä"}', { type: 'push', headers: more })
  await sendRefused(bridge, 'github', 'wrong-secret-0123456789', Buffer.from([0xff, 0x00]), { type: 'push' })
  const [binary, text] = await listKept(bridge, 2)
  const shown = rejectedAnswer.parse((await getApi(bridge, `rejected/${text!.id}`)).body)
  t.match(shown, { method: 'POST', reason: 'signature_mismatch', body: '{"a": "ä"}', bodyBase64: null, bodyBytes: 11 })
  const headers = new Map(shown.headers)
  t.match([headers.get('x-other'), headers.get('cookie')], ['kept', '[redacted]'])
  t.match(headers.get('x-hub-signature-256'), /^sha256=/)
  t.match((await getApi(bridge, `rejected/${binary!.id}`)).body, { body: null, bodyBase64: '/wA=' })
  t.equal((await getApi(bridge, 'rejected/rej_1_zz')).status, 404)
})

t.test('what is meant must be said: ids, or a source', async t => {
  const bridge = await start(t)
  for (const body of [{}, { ids: ['rej_1_1'], source: 'github' }, { ids: ['rej_1_1'], since: '1h' }, { reason: 'x' }])
    t.match(await postApi(bridge, 'rejected/retry', body), {
      status: 400,
      body: { error: { message: 'expected either ids, or source and what narrows it down' } },
    })
  for (const body of [
    { ids: [] },
    { ids: ['canary'] },
    { source: 'a', since: 'x' },
    { source: 'a', colour: 1 },
    { source: 'a', dryRun: 1 },
  ])
    t.equal((await postApi(bridge, 'rejected/retry', body)).status, 400, JSON.stringify(body))
  t.match(await retryMany(bridge, { ids: ['rej_1_zz'] }), { refused: 1, results: [{ reason: 'not_found' }] })
})

t.test('a bridge that can take nothing stops the whole retry, and all of them stay', async t => {
  const bridge = await start(t)
  for (const id of ['a', 'b'])
    await sendRefused(bridge, 'github', RIGHT.GITHUB_WEBHOOK_SECRET, push(id), { type: 'push', id })
  await listKept(bridge, 2)
  await correct(bridge)
  const { backlog } = bridge.bridge.custody
  const { jobsMax } = backlog
  backlog.jobsMax = 0
  const full = await postApi(bridge, 'rejected/retry', { source: 'github' })
  t.match(full, { status: 503, body: { error: { code: 'backlog_full' } } })
  t.ok(Number(full.headers.get('retry-after')) > 0)
  backlog.jobsMax = jobsMax

  const other = new Database(bridge.databaseFile, { timeout: 1_000 })
  t.teardown(() => other.close())
  other.exec('begin immediate')
  const locked = await postApi(bridge, 'rejected/retry', { source: 'github' })
  other.exec('rollback')
  t.match(locked, { status: 503, body: { error: { code: 'store_unavailable' } } })
  t.match(await retryMany(bridge, { source: 'github' }), { accepted: 2, refused: 0 })
})
