import { request as httpRequest } from 'node:http'
import { sign } from '@octokit/webhooks-methods'
import t, { type Test } from 'tap'
import {
  type Answer,
  post,
  SECRETS,
  SOURCES,
  startTestBridge,
  type TestBridge,
} from '../../fixtures/start-test-bridge.ts'

const LIMIT = 5
const JSON_TYPE = { 'content-type': 'application/json' }
const BODY = Buffer.from('{"a":1}')

/** All come from 127.0.0.1; a trusted proxy says on whose behalf. */
function from(
  bridge: TestBridge,
  address: string | null,
  path: string,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const forwarded = address === null ? {} : { 'x-forwarded-for': address }
  return post(`${bridge.url}/hooks/${path}`, { ...JSON_TYPE, ...forwarded, ...headers }, BODY)
}
const GOOD = { authorization: `Bearer ${SECRETS.ZAPIER_TOKEN}` }
const BAD = { authorization: 'Bearer not-the-token-of-anybody' }

const limits = { failedAuthPerMinute: LIMIT }
const sources = { ...SOURCES, gone: { scheme: 'zapier', secrets: ['env:ZAPIER_TOKEN'], retired: true } }
const proxied = await startTestBridge(t, { config: { limits, sources, listen: { trustedProxies: ['127.0.0.0/8'] } } })

function isRefused(t: Test, answer: Answer, name: string): void {
  t.equal(answer.status, 429, name)
  t.match(answer.body.error, { code: 'too_many_failures', message: 'Too many failed requests from this address' })
  const after = Number(answer.headers.get('retry-after'))
  t.ok(Number.isInteger(after) && after >= 1 && after <= 60, `Retry-After ${after}`)
}

t.test('an address with too many failed authentications is told to wait, and no other', async t => {
  const statuses: number[] = []
  for (let i = 0; i < LIMIT; i++) statuses.push((await from(proxied, '192.0.2.1', 'zapier', BAD)).status)
  t.strictSame(statuses, Array(LIMIT).fill(401))
  isRefused(t, await from(proxied, '192.0.2.1', 'zapier', BAD), 'the next failure')
  isRefused(t, await from(proxied, '192.0.2.1', 'zapier', GOOD), 'a good one too, before its body is read')
  isRefused(t, await from(proxied, '192.0.2.1', 'nobody'), 'whatever it asks for')
  const other = await from(proxied, '192.0.2.2', 'zapier', GOOD)
  t.strictSame([other.status, other.body.outcome], [200, 'recorded'], 'another address is served')
})

t.test('T027 two hundred forgeries of one address end in 429, while another is served, on real sockets', async t => {
  const direct = await startTestBridge(t)
  const send = (localAddress: string, signature: string, id: string): Promise<{ status: number; retryAfter: string }> =>
    new Promise((resolve, reject) => {
      const headers = {
        ...JSON_TYPE,
        'x-github-event': 'push',
        'x-github-delivery': id,
        'x-hub-signature-256': signature,
      }
      const url = `${direct.url}/hooks/github`
      const asked = httpRequest(url, { method: 'POST', localAddress, headers, agent: false }, response => {
        response.resume()
        response.on('end', () =>
          resolve({ status: response.statusCode!, retryAfter: String(response.headers['retry-after']) }),
        )
      })
      asked.on('error', reject)
      asked.end(BODY)
    })
  const genuine = await sign(SECRETS.GITHUB_WEBHOOK_SECRET, BODY.toString())
  const statuses = new Map<number, number>()
  for (let n = 0; n < 200; n++) {
    const { status, retryAfter } = await send('127.0.0.1', `sha256=${n.toString(16).padStart(64, '0')}`, `forged-${n}`)
    statuses.set(status, (statuses.get(status) ?? 0) + 1)
    if (status === 429 && !/^([1-9]|[1-5][0-9]|60)$/.test(retryAfter)) t.fail(`Retry-After ${retryAfter}`)
    if (n % 20 === 0) t.equal((await send('127.0.0.2', genuine, `genuine-${n}`)).status, 200, 'another address')
  }
  t.strictSame(Object.fromEntries(statuses), { 401: 60, 429: 140 }, 'limits.failedAuthPerMinute is 60')
  t.equal((await send('127.0.0.1', genuine, 'late')).status, 429, 'a genuine one of the same address must wait')
})

t.test('a success does not count, and does not wash failures away', async t => {
  const address = '192.0.2.10'
  for (let i = 0; i < LIMIT * 3; i++) t.equal((await from(proxied, address, 'zapier', GOOD)).status, 200)
  for (let i = 0; i < LIMIT; i++) {
    t.equal((await from(proxied, address, 'zapier', BAD)).status, 401)
    if (i < LIMIT - 1) t.equal((await from(proxied, address, 'zapier', GOOD)).status, 200)
  }
  t.equal((await from(proxied, address, 'zapier', GOOD)).status, 200, 'the limit itself is not too many')
  isRefused(t, await from(proxied, address, 'zapier', BAD), 'the failure above it')
  isRefused(t, await from(proxied, address, 'zapier', GOOD), 'and whatever follows')
})

t.test('T086 unknown sources count as failures', async t => {
  for (let i = 0; i < LIMIT; i++) t.equal((await from(proxied, '192.0.2.3', `nobody-${i}`)).status, 404)
  isRefused(t, await from(proxied, '192.0.2.3', 'nobody'), 'the next')
})

t.test('failures of signatures over the body count too', async t => {
  for (let i = 0; i < LIMIT; i++) t.equal((await from(proxied, '192.0.2.4', 'github')).status, 401)
  isRefused(t, await from(proxied, '192.0.2.4', 'github'), 'the next')
})

t.test('what is refused for other reasons does not count', async t => {
  for (let i = 0; i < LIMIT * 2; i++) {
    t.equal((await from(proxied, '192.0.2.5', 'gone')).status, 410)
    t.equal((await from(proxied, '192.0.2.5', 'github', { 'content-type': 'text/plain' })).status, 415)
  }
  t.equal((await from(proxied, '192.0.2.5', 'zapier', GOOD)).status, 200)
})

t.test('T082 an IPv6 subscriber is one address, its /64', async t => {
  for (let i = 0; i < LIMIT; i++) t.equal((await from(proxied, `2001:db8:1:2::${i}`, 'zapier', BAD)).status, 401)
  isRefused(t, await from(proxied, '2001:db8:1:2:ffff:ffff:ffff:ffff', 'zapier', BAD), 'the same /64')
  isRefused(t, await from(proxied, '2001:0db8:0001:0002::1', 'zapier', GOOD), 'the same /64 in other words')
  t.equal((await from(proxied, '2001:db8:1:3::1', 'zapier', GOOD)).status, 200, 'another /64')
})

t.test('T082 what a client writes left of the address the proxy saw does not count', async t => {
  for (let i = 0; i < LIMIT; i++)
    t.equal((await from(proxied, `198.51.100.${i}, 192.0.2.6`, 'zapier', BAD)).status, 401)
  isRefused(t, await from(proxied, '198.51.100.77, 192.0.2.6', 'zapier', BAD), 'the same client')
})

t.test('T082 without a trusted proxy the header is nothing', async t => {
  const direct = await startTestBridge(t, { config: { limits } })
  for (let i = 0; i < LIMIT; i++) t.equal((await from(direct, `192.0.2.${i}`, 'zapier', BAD)).status, 401)
  isRefused(t, await from(direct, '203.0.113.9', 'zapier', BAD), 'it is the same socket address')
  for (const header of ['x-real-ip', 'forwarded', 'client-ip'])
    isRefused(t, await from(direct, null, 'zapier', { ...GOOD, [header]: 'for=203.0.113.9' }), header)
  t.equal((await fetch(`${direct.url}/health/live`)).status, 200, 'health is answered')
})
