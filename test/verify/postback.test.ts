import t from 'tap'
import {
  ANSWER_KEPT_MS,
  createPostback,
  POSTBACK_COOL_DOWN_MS,
  type PostbackCall,
  QUESTIONS_MAX,
} from '../../src/verify/postback.ts'

const NOW = 1_800_000_000_000
const CREDENTIALS = 'client-1:canary-client-secret'
const request = { proof: { transmission_id: 'a-1', webhook_id: 'WH1' }, event: '{ "id": 1.50 }' }
type Reply = Awaited<ReturnType<PostbackCall>>
const token = (expires_in = 32_400, access_token = 'A21AA'): Reply => ({
  status: 200,
  json: { access_token, expires_in },
  retryAfterMs: null,
})
const said = (verification_status: unknown, status = 200): Reply => ({
  status,
  json: { verification_status },
  retryAfterMs: null,
})

function open(judge: (body: string) => Reply | Promise<Reply>, authorize: () => Reply = token) {
  const calls: { path: string; headers: Readonly<Record<string, string>>; body: string }[] = []
  const postback = createPostback(async (path, headers, body) => {
    calls.push({ path, headers, body })
    return path === '/v1/oauth2/token' ? authorize() : judge(body)
  })
  return { postback, calls, paths: () => calls.map(({ path }) => path.split('/').at(-1)) }
}

t.test('it is asked with a token for the credentials, and with the body byte for byte', async t => {
  const { postback, calls } = open(() => said('SUCCESS'))
  t.equal(await postback.ask(request, CREDENTIALS, NOW), 'genuine')
  t.match(calls[0], {
    path: '/v1/oauth2/token',
    headers: { authorization: `Basic ${Buffer.from(CREDENTIALS).toString('base64')}` },
    body: 'grant_type=client_credentials',
  })
  t.match(calls[1], {
    path: '/v1/notifications/verify-webhook-signature',
    headers: { authorization: 'Bearer A21AA', 'content-type': 'application/json' },
    body: '{"transmission_id":"a-1","webhook_id":"WH1","webhook_event":{ "id": 1.50 }}',
  })
})

t.test('only SUCCESS is a yes and only FAILURE a no', async t => {
  t.equal(await open(() => said('FAILURE')).postback.ask(request, CREDENTIALS, NOW), 'forged')
  const others = [
    said('success'),
    said(true),
    said(undefined),
    said('SUCCESS', 201),
    said('SUCCESS', 302),
    said('SUCCESS', 400),
  ]
  const away = [
    said('SUCCESS', 500),
    said('FAILURE', 503),
    { status: 0, json: null, retryAfterMs: null },
    said(null, 429),
  ]
  for (const reply of [...others, ...away, { status: 200, json: null, retryAfterMs: null }])
    t.equal(await open(() => reply).postback.ask(request, CREDENTIALS, NOW), 'unavailable', JSON.stringify(reply))
})

t.test('a token is used until its last minute, and replaced once where it is taken no more', async t => {
  let n = 0
  let refusals = 0
  const { postback, paths } = open(
    () => (refusals-- > 0 ? said(null, 401) : said('SUCCESS')),
    () => token(600, `T${++n}`),
  )
  const ask = (i: number, at: number) => postback.ask({ ...request, event: `{"n":${i}}` }, CREDENTIALS, at)
  await ask(1, NOW)
  await ask(2, NOW + 539_000)
  t.equal(n, 1)
  await ask(3, NOW + 541_000)
  t.equal(n, 2)
  refusals = 1
  t.equal(await ask(4, NOW + 542_000), 'genuine')
  t.equal(n, 3)
  refusals = 9
  t.equal(await ask(5, NOW + 543_000), 'refuses_us')
  t.equal(n, 4, 'once')
  t.equal(paths().filter(path => path === 'token').length, 4)
})

t.test('credentials that are not taken, and a token that is none', async t => {
  for (const status of [401, 403])
    t.equal(
      await open(
        () => said('SUCCESS'),
        () => said(null, status),
      ).postback.ask(request, CREDENTIALS, NOW),
      'refuses_us',
    )
  const unsound = [
    token(Number.NaN, ''),
    said(null),
    token(600, 'a\nb'),
    said(null, 500),
    { ...token(), json: { access_token: 'x' } },
  ]
  for (const reply of unsound) {
    const { postback, paths } = open(
      () => said('SUCCESS'),
      () => reply,
    )
    t.equal(await postback.ask(request, CREDENTIALS, NOW), 'unavailable')
    t.same(paths(), ['token'])
  }
})

t.test('the same delivery is asked about once a minute, at once or again; any other is asked about', async t => {
  let answer = said('SUCCESS')
  const { postback, calls } = open(() => answer)
  const both = await Promise.all([postback.ask(request, CREDENTIALS, NOW), postback.ask(request, CREDENTIALS, NOW)])
  t.same(both, ['genuine', 'genuine'])
  answer = said('FAILURE')
  t.equal(await postback.ask(request, CREDENTIALS, NOW + ANSWER_KEPT_MS - 1), 'genuine')
  t.equal(calls.length, 2)
  t.equal(await postback.ask({ ...request, event: '{ "id": 1.51 }' }, CREDENTIALS, NOW), 'forged')
  t.equal(
    await postback.ask({ ...request, proof: { ...request.proof, transmission_id: 'a-2' } }, CREDENTIALS, NOW),
    'forged',
  )
  t.equal(await postback.ask(request, CREDENTIALS, NOW + ANSWER_KEPT_MS), 'forged')
  t.equal(calls.length, 5)
})

t.test('an API that is away is left alone for a while: as long as it says, at least 5 s, at most 5 min', async t => {
  for (const [retryAfterMs, pauseMs] of [
    [null, POSTBACK_COOL_DOWN_MS],
    [1, POSTBACK_COOL_DOWN_MS],
    [60_000, 60_000],
    [9e9, 300_000],
  ] as const) {
    let answer: Reply = { status: 429, json: null, retryAfterMs }
    const { postback, calls } = open(() => answer)
    await postback.ask(request, CREDENTIALS, NOW)
    answer = said('SUCCESS')
    t.equal(await postback.ask(request, CREDENTIALS, NOW + pauseMs - 1), 'unavailable')
    t.equal(calls.length, 2)
    t.equal(await postback.ask(request, CREDENTIALS, NOW + pauseMs), 'genuine')
  }
})

t.test('no more than a few questions are under way at once, whoever sends', async t => {
  const waiting: ((reply: Reply) => void)[] = []
  const { postback, calls } = open(() => new Promise<Reply>(resolve => waiting.push(resolve)))
  const asked = Array.from({ length: 100 }, (_, n) =>
    postback.ask({ ...request, event: `{"n":${n}}` }, CREDENTIALS, NOW),
  )
  await new Promise(resolve => setImmediate(resolve))
  t.equal(waiting.length, QUESTIONS_MAX)
  for (const resolve of waiting) resolve(said('SUCCESS'))
  const answers = await Promise.all(asked)
  t.equal(answers.filter(answer => answer === 'genuine').length, QUESTIONS_MAX)
  t.equal(answers.filter(answer => answer === 'unavailable').length, 100 - QUESTIONS_MAX)
  t.ok(calls.length <= 2 * QUESTIONS_MAX)
})
