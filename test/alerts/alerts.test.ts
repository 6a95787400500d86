import { Webhook } from 'standardwebhooks'
import t from 'tap'
import { ALERT_SECRET, HELD, openAlerts, WINDOW_MS } from '../fixtures/open-alerts.ts'
import { startReceiver } from '../fixtures/start-receiver.ts'
import { waitFor } from '../fixtures/start-test-bridge.ts'

t.test('an alert says its code, what, where, what to do, and links to it; any library can check it', async t => {
  const receiver = await startReceiver(t)
  const { alerts, told } = openAlerts(t, { url: receiver.url })
  alerts.raise(HELD)
  const { headers, body } = await waitFor('the alert', () => receiver.received[0])
  const checked = new Webhook(ALERT_SECRET).verify(body, headers as Record<string, string>)
  t.match(checked, {
    type: 'bridge.held',
    timestamp: /^\d{4}-.*Z$/,
    data: {
      code: 'held',
      what: '1 job is held',
      where: 'mapping "publish"',
      whatToDo: /jobs retry/,
      link: 'https://hooks.example.com/api/jobs/job_1_1',
      count: 1,
    },
  })
  t.equal(told().length, 1, 'and is in the log')
  t.throws(() => new Webhook(ALERT_SECRET).verify(body.replace('held', 'hold'), headers as Record<string, string>))
})

t.test('within the window, alerts of one kind about one thing are one; after it comes how many there were', async t => {
  const { alerts, clock, told } = openAlerts(t, {})
  for (let n = 0; n < 5; n++) alerts.raise({ ...HELD, count: 2 })
  t.same(
    told().map(({ count }) => count),
    [2],
    'the first at once',
  )
  alerts.raise({ ...HELD, key: 'another' })
  alerts.raise({ ...HELD, kind: 'dead_letter' })
  t.equal(told().length, 3, 'another thing, and another kind, are their own')
  clock.now += WINDOW_MS
  await waitFor('the window to end', () => told().length === 4)
  t.match(told()[3], { code: 'held', where: 'mapping "publish"', count: 8 })
})

t.test('only what is asked for is told, and nothing at all without "log" and webhook', async t => {
  const some = openAlerts(t, { change: { on: new Set(['dead_letter']) } })
  some.alerts.raise(HELD)
  some.alerts.raise({ ...HELD, kind: 'dead_letter' })
  t.same(
    some.told().map(({ code }) => code),
    ['dead_letter'],
  )
  const silent = openAlerts(t, { change: { logs: false } })
  silent.alerts.raise(HELD)
  t.same(silent.lines, [])
})

t.test('a receiver that fails is asked again, under the same id', async t => {
  const receiver = await startReceiver(t, (reply, n) => reply.writeHead(n < 3 ? 503 : 204).end())
  const { alerts, lines } = openAlerts(t, { url: receiver.url })
  alerts.raise(HELD)
  await waitFor('the third try', () => receiver.received.length === 3)
  t.equal(new Set(receiver.received.map(({ headers }) => headers['webhook-id'])).size, 1)
  t.notOk(lines.some(line => line.level === 50))
})

t.test('after a few tries it is given up, and the log says so without address and secret', async t => {
  const receiver = await startReceiver(t, reply => reply.writeHead(500).end('canary-answer'))
  const { alerts, lines } = openAlerts(t, { url: `${receiver.url}?key=canary-in-the-url` })
  alerts.raise(HELD)
  const line = await waitFor('the end of it', () => lines.find(({ msg }) => msg === 'an alert could not be delivered'))
  t.match(line, { code: 'held', status: 500 })
  t.equal(receiver.received.length, 3)
  t.notMatch(JSON.stringify(lines), /canary|127\.0\.0\.1/)
})

t.test('what a receiver refuses for good is not sent again, and no redirect is followed', async t => {
  const elsewhere = await startReceiver(t)
  for (const status of [400, 410, 302, 307]) {
    const receiver = await startReceiver(t, reply => reply.writeHead(status, { location: elsewhere.url }).end())
    const { alerts, lines } = openAlerts(t, { url: receiver.url })
    alerts.raise(HELD)
    await waitFor('the end of it', () => lines.some(({ msg }) => msg === 'an alert could not be delivered'))
    t.equal(receiver.received.length, 1, String(status))
  }
  t.equal(elsewhere.received.length, 0)
})

t.test(
  'a receiver that hangs holds up nobody: raising returns at once, the queue is bounded, closing does not wait',
  async t => {
    const receiver = await startReceiver(t, () => {})
    const { alerts, lines, told } = openAlerts(t, { url: receiver.url })
    for (let n = 0; n < 300; n++) alerts.raise({ ...HELD, key: String(n) })
    t.equal(told().length, 300, 'the log has all of them')
    await waitFor('the first one to arrive', () => receiver.received.length === 1)
    await alerts.close()
    t.equal(receiver.received.length, 1)
    t.match(lines.slice(-2), [
      { msg: 'alerts wait for the next start', alerts: 100 },
      { msg: 'alerts were not sent: the service stops', alerts: 200 },
    ])
  },
)

t.test('things without end are told of as one', async t => {
  const { alerts, clock, told } = openAlerts(t, {})
  for (let n = 0; n < 5_000; n++) alerts.raise({ ...HELD, key: String(n) })
  t.equal(told().length, 1_001, 'a thousand, and one for all others')
  clock.now += WINDOW_MS
  await waitFor('the window to end', () => told().length > 1_001)
  t.equal(told().at(-1)?.count, 3_999)
})

t.test('a test alert is sent once, and what came of it is said', async t => {
  const receiver = await startReceiver(t)
  const { alerts, told } = openAlerts(t, { url: receiver.url })
  t.same(await alerts.test(), { delivered: true, status: 204 })
  t.match(JSON.parse(receiver.received[0]!.body), { type: 'bridge.test', data: { code: 'test' } })
  t.equal(told().length, 0)
  t.equal(await openAlerts(t, {}).alerts.test(), null, 'there is no webhook')
  const nobody = await openAlerts(t, { url: 'http://127.0.0.1:9/' }).alerts.test()
  t.match(nobody, { delivered: false, status: null, reason: /^[A-Z_]+$/ })
})
