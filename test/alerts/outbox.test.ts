import { Webhook } from 'standardwebhooks'
import t, { type Test } from 'tap'
import type { Outbox } from '../../src/alerts/postman.ts'
import { ALERT_AGE_MAX_MS, type WaitingAlert } from '../../src/store/alerts.ts'
import { ALERT_SECRET, type AlertsSetting, HELD, openAlerts, WINDOW_MS } from '../fixtures/open-alerts.ts'
import { openTempStore, type TempStore } from '../fixtures/open-temp-store.ts'
import { startReceiver } from '../fixtures/start-receiver.ts'
import { waitFor } from '../fixtures/start-test-bridge.ts'

const NEVER_MS = 3_600_000

/** Opens the store anew, as a start does, and alerts that go on with what is in it. */
async function restart(t: Test, under: TempStore, setting: AlertsSetting) {
  await under.reopen()
  const { waiting } = await under.store.readAlerts()
  return openAlerts(t, { outbox: under.store, waiting, ...setting })
}

const waitingIn = async ({ store }: TempStore): Promise<WaitingAlert[]> => (await store.readAlerts()).waiting

t.test('an alert that waits at a stop goes on after it, with its id, its tries and its time', async t => {
  const under = await openTempStore(t)
  const receiver = await startReceiver(t, (reply, n) => reply.writeHead(n <= 3 ? 503 : 204).end())
  const clock = { now: Date.now() }
  const raisedAt = clock.now
  const first = openAlerts(t, { url: receiver.url, outbox: under.store, clock, waitsMs: [1, NEVER_MS, 1] })
  first.alerts.raise(HELD)
  await waitFor('the second try', async () => (await waitingIn(under))[0]?.tries === 2)
  await first.alerts.close()
  t.match(first.lines.at(-1), { msg: 'alerts wait for the next start', alerts: 1 })
  t.match(await waitingIn(under), [{ tries: 2, dueAt: raisedAt + NEVER_MS, raisedAt }])
  t.notMatch(JSON.stringify(await waitingIn(under)), /whsec|canary|127\.0\.0\.1/, 'neither address nor secret')

  const early = await restart(t, under, { url: receiver.url, clock, waitsMs: [1, NEVER_MS, 1] })
  await early.alerts.close()
  t.equal(receiver.received.length, 2, 'not before it is due')

  clock.now += NEVER_MS
  await restart(t, under, { url: receiver.url, clock, waitsMs: [1, NEVER_MS, 1] })
  await waitFor('its end', async () => (await waitingIn(under)).length === 0)
  t.equal(receiver.received.length, 4)
  t.equal(new Set(receiver.received.map(({ headers }) => headers['webhook-id'])).size, 1)
  t.equal(new Set(receiver.received.map(({ body }) => body)).size, 1)
  const { headers, body } = receiver.received[3]!
  clock.now = Date.now()
  t.throws(() => new Webhook(ALERT_SECRET).verify(body, headers as Record<string, string>), /timestamp/i, 'signed anew')
})

t.test('tries of before a restart count: what is used up is given up', async t => {
  const under = await openTempStore(t)
  const receiver = await startReceiver(t, reply => reply.writeHead(503).end())
  const first = openAlerts(t, { url: receiver.url, outbox: under.store, waitsMs: [1, NEVER_MS] })
  first.alerts.raise(HELD)
  await waitFor('the second try', async () => (await waitingIn(under))[0]?.tries === 2)
  await first.alerts.close()
  const clock = { now: Date.now() + NEVER_MS }
  const { lines } = await restart(t, under, { url: receiver.url, clock, waitsMs: [1, NEVER_MS] })
  await waitFor('its end', async () => (await waitingIn(under)).length === 0)
  t.equal(receiver.received.length, 3)
  t.match(lines, [{ msg: 'an alert could not be delivered', code: 'held', status: 503 }])
})

t.test(
  'an alert is on disk before it is sent, and gone from there when it is delivered, refused or given up',
  async t => {
    for (const [status, tries] of [
      [204, 1],
      [400, 1],
      [500, 3],
    ] as const) {
      const under = await openTempStore(t)
      const seen: number[] = []
      const receiver = await startReceiver(t, async reply => {
        seen.push((await waitingIn(under)).length)
        reply.writeHead(status).end()
      })
      const { alerts, clock } = openAlerts(t, { url: receiver.url, outbox: under.store })
      alerts.raise(HELD)
      await waitFor('its end', async () => seen.length === tries && (await waitingIn(under)).length === 0)
      t.same(seen, Array(tries).fill(1))
      await alerts.close()
      const { told } = await under.store.readAlerts()
      t.same(told, status === 204 ? [{ about: 'held\npublish', toldAt: clock.now }] : [], String(status))
      const after = await restart(t, under, { url: receiver.url })
      await after.alerts.close()
      t.equal(receiver.received.length, tries, 'nothing is left to be sent')
    }
  },
)

const BROKEN: Outbox = {
  recordAlert: async () => {
    throw new Error('the disk is full')
  },
  endAlert: async () => {
    throw new Error('the disk is full')
  },
}

t.test('where the store refuses, alerts go out all the same, and the log says that a restart loses them', async t => {
  const receiver = await startReceiver(t, (reply, n) => reply.writeHead(n === 1 ? 503 : 204).end())
  const { alerts, lines } = openAlerts(t, { url: receiver.url, outbox: BROKEN })
  alerts.raise(HELD)
  alerts.raise({ ...HELD, key: 'another' })
  const said = () => lines.map(({ msg }) => msg)
  const ended = 'an alert has ended, and a restart may send it again'
  await waitFor('the end of both', () => said().filter(msg => msg === ended).length === 2)
  t.equal(receiver.received.length, 3)
  await alerts.close()
  t.ok(said().includes('an alert could not be recorded: a restart would lose it'))
  t.notOk(said().includes('alerts were not sent: the service stops'))
})

t.test('a store that is full sends from memory; what then waits at a stop is said to be lost', async t => {
  const receiver = await startReceiver(t, reply => reply.writeHead(503).end())
  const outbox: Outbox = { recordAlert: async () => false, endAlert: async () => {} }
  const { alerts, lines } = openAlerts(t, { url: receiver.url, outbox, waitsMs: [NEVER_MS] })
  alerts.raise(HELD)
  await waitFor('the first try', () => receiver.received.length === 1)
  await alerts.close()
  t.match(lines.at(-1), { msg: 'alerts were not sent: the service stops', alerts: 1 })
})

t.test('what the store takes at a later try waits for the next start, whatever it says after that', async t => {
  const receiver = await startReceiver(t, reply => reply.writeHead(503).end())
  const answers = [false, true, false]
  let asked = 0
  const outbox: Outbox = { recordAlert: async () => answers[asked++]!, endAlert: async () => {} }
  const { alerts, lines } = openAlerts(t, { url: receiver.url, outbox, waitsMs: [1, NEVER_MS] })
  alerts.raise(HELD)
  await waitFor('two tries', () => asked === 3)
  await alerts.close()
  t.match(lines.at(-1), { msg: 'alerts wait for the next start', alerts: 1 })
})

t.test('closing waits for no try that is far, and loses nothing that was raised just before', async t => {
  const under = await openTempStore(t)
  const receiver = await startReceiver(t, reply => reply.writeHead(503).end())
  const { alerts } = openAlerts(t, { url: receiver.url, outbox: under.store, waitsMs: [NEVER_MS] })
  alerts.raise(HELD)
  await waitFor('the first try', () => receiver.received.length === 1)
  alerts.raise({ ...HELD, key: 'another' })
  await alerts.close()
  await under.reopen()
  t.same(
    (await waitingIn(under)).map(({ about }) => about),
    ['held\npublish', 'held\nanother'],
  )
})

t.test('a try that a stop cuts off is none: it is made again after it', async t => {
  const under = await openTempStore(t)
  const receiver = await startReceiver(t, (reply, n) => {
    if (n > 1) reply.writeHead(204).end()
  })
  const first = openAlerts(t, { url: receiver.url, outbox: under.store, waitsMs: [] })
  first.alerts.raise(HELD)
  await waitFor('the try', () => receiver.received.length === 1)
  await first.alerts.close()
  t.match(await waitingIn(under), [{ tries: 0 }])
  await restart(t, under, { url: receiver.url, waitsMs: [] })
  await waitFor('its end', async () => (await waitingIn(under)).length === 0)
  const [before, after] = receiver.received.map(({ headers }) => headers['webhook-id'])
  t.equal(before, after)
})

t.test('an alert that is older than a day wakes nobody any more, and the log says so', async t => {
  const under = await openTempStore(t)
  const receiver = await startReceiver(t)
  const clock = { now: Date.now() }
  const alert = { about: 'held\npublish', body: '{}', tries: 0, dueAt: clock.now }
  await under.store.recordAlert({ ...alert, id: 'msg_old', raisedAt: clock.now - ALERT_AGE_MAX_MS - 1 })
  await under.store.recordAlert({ ...alert, id: 'msg_new', raisedAt: clock.now - ALERT_AGE_MAX_MS })
  const { lines } = await restart(t, under, { url: receiver.url, clock })
  await waitFor('both to end', async () => (await waitingIn(under)).length === 0)
  t.match(lines, [{ msg: 'an alert could not be delivered', code: 'held', reason: 'it is older than a day' }])
  t.same(
    receiver.received.map(({ headers }) => headers['webhook-id']),
    ['msg_new'],
  )
})

t.test('a clock that was set back holds nothing up for longer than a wait', async t => {
  const under = await openTempStore(t)
  const receiver = await startReceiver(t)
  const later = Date.now() + ALERT_AGE_MAX_MS
  await under.store.recordAlert({ id: 'msg_1', about: 'held\na', body: '{}', raisedAt: later, tries: 1, dueAt: later })
  await restart(t, under, { url: receiver.url })
  await waitFor('the alert', () => receiver.received.length === 1)
  t.equal(receiver.received[0]!.headers['webhook-id'], 'msg_1')
})

t.test('without a webhook nothing is recorded, and what waited for one that is gone is given up', async t => {
  const under = await openTempStore(t)
  const { alerts, told } = openAlerts(t, { outbox: under.store })
  alerts.raise(HELD)
  t.equal(told().length, 1)
  await alerts.close()
  t.same(await waitingIn(under), [])

  await under.store.recordAlert({ id: 'msg_1', about: 'held\na', body: '{}', raisedAt: 1, tries: 0, dueAt: 1 })
  const { lines } = await restart(t, under, { clock: { now: 2 } })
  await waitFor('its end', async () => (await waitingIn(under)).length === 0)
  t.match(lines, [{ code: 'held', reason: 'no webhook is configured any more' }])
})

t.test(
  'what was told before a restart is within its window told no second time, and after it with its count',
  async t => {
    const clock = { now: 2 * WINDOW_MS }
    const raisedAt = new Map([
      ['held\npublish', clock.now - 1],
      ['held\nover', clock.now - WINDOW_MS],
      ['held\nahead', clock.now + ALERT_AGE_MAX_MS],
    ])
    const { alerts, told } = openAlerts(t, { told: raisedAt, clock })
    alerts.raise({ ...HELD, count: 3 })
    alerts.raise({ ...HELD, key: 'ahead', where: 'a clock that was set back' })
    t.same(told(), [])
    alerts.raise({ ...HELD, key: 'over' })
    t.equal(told().length, 1)
    clock.now += WINDOW_MS
    await waitFor('the windows to end', () => told().length === 3)
    t.match(told().slice(1), [{ count: 3 }, { where: 'a clock that was set back', count: 1 }])
  },
)
