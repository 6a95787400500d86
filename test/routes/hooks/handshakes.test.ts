import { readFileSync } from 'node:fs'
import t from 'tap'
import { SECRETS, startTestBridge } from '../../fixtures/start-test-bridge.ts'

const VERIFY_TOKEN = 'canary-verify-token-0123456789'
const bridge = await startTestBridge(t, {
  env: { VERIFY_TOKEN },
  config: {
    sources: {
      slack: { scheme: 'slack', secrets: ['env:ACME_SECRET'] },
      meta: { scheme: 'meta', secrets: ['env:ACME_SECRET'], verifyToken: 'env:VERIFY_TOKEN' },
      events: { scheme: 'cloudevents', secrets: ['env:ZAPIER_TOKEN'] },
      hub: { scheme: 'query-token', secrets: ['env:ZAPIER_TOKEN'], allowQueryToken: true, methods: ['GET', 'POST'] },
      prismic: { scheme: 'prismic', secrets: ['env:ACME_SECRET'] },
    },
  },
})
const events = (): number => bridge.rows<{ n: number }>('select count(*) as n from event')[0]!.n

t.test('a URL check that is signed is answered, and is no event', async t => {
  const answer = await bridge.send('slack', { type: 'url_verification', challenge: '3eZbrw1aB', token: 'x' })
  t.match(answer, { status: 200, text: '{"challenge":"3eZbrw1aB"}' })
  t.match(answer.headers.get('content-type'), /^application\/json/)
  t.equal(events(), 0)
})

t.test('a URL check that is forged is refused like any delivery', async t => {
  const body = { type: 'url_verification', challenge: '3eZbrw1aB' }
  const answer = await bridge.send('slack', body, { headers: { 'x-slack-signature': `v0=${'0'.repeat(64)}` } })
  t.equal(answer.status, 401)
  t.notMatch(answer.text, '3eZbrw1aB')
})

t.test('a GET with the verify token is answered with its challenge, although the source takes POST only', async t => {
  const ask = (token: string) =>
    bridge.app.inject({
      url: '/hooks/meta',
      query: { 'hub.mode': 'subscribe', 'hub.challenge': '1158201444', 'hub.verify_token': token },
    })
  const right = await ask(VERIFY_TOKEN)
  t.match(right, { statusCode: 200, body: '1158201444' })
  t.match(right.headers['content-type'], /^text\/plain/)
  t.equal((await ask('another-token-0123456789')).statusCode, 405)
  t.equal((await bridge.app.inject({ url: '/hooks/meta' })).statusCode, 405)
})

t.test('an OPTIONS of CloudEvents is answered with the origin it asks for', async t => {
  const headers = { 'webhook-request-origin': 'eventemitter.example.com' }
  const answer = await bridge.app.inject({ method: 'OPTIONS', url: '/hooks/events', headers })
  t.equal(answer.statusCode, 200)
  t.equal(answer.headers['webhook-allowed-origin'], 'eventemitter.example.com')
  t.equal((await bridge.app.inject({ method: 'OPTIONS', url: '/hooks/events' })).statusCode, 405)
})

t.test('a token in the query or the body is never kept, of what is recorded and of what is refused', async t => {
  const token = SECRETS.ZAPIER_TOKEN
  const taken = await bridge.app.inject({ url: '/hooks/hub', query: { token, page: 'pg_1' } })
  t.equal(taken.statusCode, 200)
  const { eventId } = taken.json() as { eventId: string }
  const { event } = await bridge.settled(eventId)
  t.match(event.query, /page=pg_1/)
  t.notMatch(event.query, token)
  const refused = await bridge.app.inject({ url: '/hooks/hub', query: { token: `${token}x` } })
  t.equal(refused.statusCode, 401)

  const prismic = await bridge.send('prismic', { type: 'api-update', secret: SECRETS.ACME_SECRET })
  t.equal(prismic.status, 200)
  const kept = (await bridge.settled(prismic.body.eventId!)).event.body
  t.notMatch(Buffer.from(kept.bytes).toString(), SECRETS.ACME_SECRET)

  await new Promise(resolve => setTimeout(resolve, 1_100)) // refused deliveries are written once a second
  const written = Buffer.concat(
    ['', '-wal'].map(end => {
      try {
        return readFileSync(bridge.databaseFile + end)
      } catch {
        return Buffer.alloc(0)
      }
    }),
  )
  for (const secret of [token, SECRETS.ACME_SECRET, VERIFY_TOKEN]) {
    t.notOk(written.includes(secret), 'in the database')
    t.notOk(bridge.logText().includes(secret), 'in the log')
  }
})
