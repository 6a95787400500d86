import t, { type Test } from 'tap'
import { askSender } from '../../src/reconcile/ask-sender.ts'
import { type SenderReply, startSenderStub } from '../fixtures/start-sender-stub.ts'

const TOKEN = 'canary-api-token-0123456789'
const LIMITS = { msMax: 10_000, bytesMax: 10_000 }
/** Only where the deadline is what is tested: a busy machine takes longer than this for a first answer. */
const SOON = { ...LIMITS, msMax: 300 }
const never = new AbortController().signal

async function ask(t: Test, reply: SenderReply, limits = LIMITS) {
  const { url, requests } = await startSenderStub(t, () => reply)
  const answer = await askSender(new URL(`${url}/x?y=1`), { authorization: `Bearer ${TOKEN}` }, never, limits)
  t.notOk(JSON.stringify(answer).includes(TOKEN), 'the token is in no message')
  return { answer, requests }
}

t.test('JSON is read with its headers, and numbers keep their digits', async t => {
  const { answer, requests } = await ask(t, { text: '{"id":12345678901234567890,"n":1.50}', headers: { link: 'x' } })
  if (answer.kind !== 'answer') return t.fail(answer.kind)
  t.equal(JSON.stringify(answer.json), '{"id":12345678901234567890,"n":1.5}')
  t.equal(answer.headers.get('link'), 'x')
  t.match(requests[0], {
    method: 'GET',
    path: '/x?y=1',
    headers: { authorization: `Bearer ${TOKEN}`, 'user-agent': 'pixelesq-bridge', 'accept-encoding': 'identity' },
  })
})

t.test('a redirect is not followed: it would take the token along', async t => {
  const elsewhere = await startSenderStub(t, () => ({ json: [] }))
  for (const status of [301, 302, 303, 307, 308]) {
    const { answer } = await ask(t, { status, headers: { location: elsewhere.url } })
    t.match(answer, { kind: 'failed', reason: 'redirected', message: new RegExp(String(status)) })
  }
  t.equal(elsewhere.requests.length, 0)
})

t.test('each refusal says what to look at, and nothing of the answer', async t => {
  const cases = { 401: 'unauthorized', 403: 'forbidden', 404: 'not_found', 500: 'status', 204: 'status', 418: 'status' }
  for (const [status, reason] of Object.entries(cases)) {
    const json = { message: `said of ${TOKEN}` }
    const { answer } = await ask(t, { status: Number(status), ...(status !== '204' && { json }), text: '' })
    t.match(answer, { kind: 'failed', reason }, status)
  }
})

t.test('a rate limit says when to come again: in seconds, by date, by the count of GitHub, or not at all', async t => {
  const soon = (ms: number): string => new Date(Date.now() + ms).toUTCString()
  const reset = String(Math.ceil(Date.now() / 1_000) + 90)
  const cases: [SenderReply, number, number][] = [
    [{ status: 429, headers: { 'retry-after': '7' } }, 7_000, 7_000],
    [{ status: 403, headers: { 'retry-after': '7' } }, 7_000, 7_000],
    [{ status: 429, headers: { 'retry-after': soon(60_000) } }, 50_000, 61_000],
    [{ status: 429, headers: { 'retry-after': soon(-60_000) } }, 0, 0],
    [{ status: 403, headers: { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': reset } }, 80_000, 92_000],
    [{ status: 429 }, 60_000, 60_000],
    [{ status: 429, headers: { 'retry-after': 'soon' } }, 60_000, 60_000],
  ]
  for (const [reply, least, most] of cases) {
    const { answer } = await ask(t, reply)
    if (answer.kind !== 'limited') return t.fail(JSON.stringify(answer))
    t.ok(answer.retryAfterMs >= least && answer.retryAfterMs <= most, `${answer.retryAfterMs}`)
  }
})

t.test('what is no JSON, not UTF-8, compressed, too deep or too large is a failure', async t => {
  t.match((await ask(t, { text: '<html>' })).answer, { reason: 'malformed' })
  t.match((await ask(t, { text: '' })).answer, { reason: 'malformed' })
  t.match((await ask(t, response => void response.end(Buffer.from([0x22, 0xff, 0x22])))).answer, {
    reason: 'malformed',
  })
  t.match((await ask(t, { json: [], headers: { 'content-encoding': 'gzip' } })).answer, { reason: 'malformed' })
  t.match((await ask(t, { text: '['.repeat(4_000) + ']'.repeat(4_000) })).answer, { reason: 'malformed' })
  t.match((await ask(t, { json: 'x'.repeat(10_001) })).answer, { reason: 'too_large' })
})

t.test('a sender that hangs, is cut off or is away is a failure within the deadline', async t => {
  t.match((await ask(t, 'hang', SOON)).answer, { reason: 'timeout' })
  const slow = (response: import('node:http').ServerResponse): void => {
    response.writeHead(200)
    const timer = setInterval(() => response.write(' '), 20)
    response.on('close', () => clearInterval(timer))
  }
  t.match((await ask(t, slow, SOON)).answer, { reason: 'timeout' }, 'also while it drips')
  t.match((await ask(t, 'reset')).answer, { reason: 'unreachable' })
  const { url } = await startSenderStub(t, () => 'hang')
  const ended = new AbortController()
  setTimeout(() => ended.abort(), 20)
  t.match(await askSender(new URL(url), {}, ended.signal), { reason: 'unreachable' }, 'and one that is given up')
  t.match(await askSender(new URL('http://127.0.0.1:9/'), {}, never), {
    reason: 'unreachable',
    message: /ECONNREFUSED/,
  })
})
