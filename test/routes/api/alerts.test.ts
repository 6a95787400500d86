import { Webhook } from 'standardwebhooks'
import t, { type Test } from 'tap'
import { ADMIN_KEY, getApi, postApi } from '../../fixtures/call-api.ts'
import { callClient } from '../../fixtures/call-client.ts'
import { findSpellings } from '../../fixtures/find-secrets.ts'
import { startReceiver } from '../../fixtures/start-receiver.ts'
import { startTarget } from '../../fixtures/start-target.ts'
import { type TestBridge, waitFor } from '../../fixtures/start-test-bridge.ts'
import { emit, startWorkerBridge } from '../../fixtures/start-worker-bridge.ts'

const SECRET = `whsec_${Buffer.from('canary-alert-secret-0123456789').toString('base64')}`
const env = { BRIDGE_ADMIN_KEY: ADMIN_KEY, ALERT_SECRET: SECRET }

function start(t: Test, url: string | null, config: Record<string, unknown> = {}): Promise<TestBridge> {
  const alerts = url === null ? {} : { webhook: { url, secret: 'env:ALERT_SECRET' } }
  return startWorkerBridge(t, { env, config: { alerts, ...config } })
}

t.test('a job that dies is told of, signed, and the secret is nowhere', async t => {
  const receiver = await startReceiver(t)
  const target = await startTarget(t, { body: '{"errors":[{"message":"no such page"}]}' })
  const listen = { publicUrl: 'https://hooks.example.com' }
  const bridge = await start(t, receiver.url, { pixelesq: { endpoint: target.endpoint.href }, listen })
  const job = await bridge.job(await emit(bridge, 'keyed', { name: 'a' }), 'dead')
  const { headers, body } = await waitFor('the alert', () => receiver.received[0])
  t.match(new Webhook(SECRET).verify(body, headers as Record<string, string>), {
    type: 'bridge.dead_letter',
    data: {
      where: 'mapping "keyed", integration "ci"',
      link: `https://hooks.example.com/api/jobs/${job.id}`,
      count: 1,
    },
  })
  t.ok(bridge.log().some(({ msg, code }) => msg === 'alert' && code === 'dead_letter'))
  const { text } = await getApi(bridge, 'stats')
  t.same(findSpellings(bridge.logText() + text + body, SECRET), [])
})

t.test('a bridge whose receiver hangs stops all the same', async t => {
  const receiver = await startReceiver(t, () => {})
  const bridge = await start(t, receiver.url)
  bridge.bridge.alerts.raise({ kind: 'held', key: 'x', what: 'x', where: 'x', path: '/' })
  await waitFor('the alert', () => receiver.received.length === 1)
  await bridge.stop()
  t.match(bridge.log().at(-1), { msg: 'stopped' })
})

t.test('"alerts test" sends one and shows what was answered', async t => {
  const receiver = await startReceiver(t, (reply, n) => reply.writeHead(n === 1 ? 204 : 500).end())
  const bridge = await start(t, receiver.url)
  t.match(await callClient(t, bridge.url, ['alerts', 'test']), { code: 0, out: 'delivered  answered 204\n' })
  t.match(JSON.parse(receiver.received[0]!.body), { type: 'bridge.test' })
  t.match(await callClient(t, bridge.url, ['alerts', 'test']), {
    code: 1,
    err: 'not delivered  answered 500, refused\n',
  })
  const json = await callClient(t, bridge.url, ['alerts', 'test', '--json'])
  t.same(JSON.parse(json.out), { delivered: false, status: 500, reason: 'refused' })
})

t.test('without a webhook there is nothing to be tested', async t => {
  const bridge = await start(t, null)
  const answer = await postApi(bridge, 'alerts/test', {})
  t.equal(answer.status, 409)
  t.match(answer.body.error, { code: 'no_webhook', message: 'alerts.webhook: expected one in bridge.json, found none' })
  t.equal((await postApi(bridge, 'alerts/test', { url: 'https://evil.example' })).status, 400)
})
