import t from 'tap'
import { EDITOR } from '../fixtures/call-sandbox.ts'
import { envText, SECRETS, waitFor } from '../fixtures/start-test-bridge.ts'
import { emit, INTEGRATION, LIMITS, requestsOf, startWorkerBridge } from '../fixtures/start-worker-bridge.ts'

/** 401, 403 and 429 through a whole bridge, as HTTP status and as a code in a 200. */

// each waits for a bridge of its own
t.jobs = 4

const NEW_TOKEN = 'sandbox-rotated-token-0002'

for (const errorsAs of ['http', 'graphql'] as const) {
  t.test(`401 (${errorsAs}) stops the token at once, keeps the queue, and a new token lets it go on`, async t => {
    const bridge = await startWorkerBridge(t, { sandbox: { errorsAs } })
    bridge.sandbox.setToken({ name: 'editor', revoked: true })
    const ids = await Promise.all(Array.from({ length: 20 }, (_, n) => emit(bridge, 'read', { n: String(n) })))
    const detail = await bridge.settled(ids[0]!, ({ jobs }) => jobs[0]?.reason === 'token_refused')
    t.match(detail.jobs, [{ state: 'queued', attempts: 0, message: /401/ }])
    // a burst waits for the thread of judgement to start
    for (const id of ids) await bridge.settled(id, ({ jobs }) => jobs.length > 0)
    await new Promise(resolve => setTimeout(resolve, 400))
    const refused = requestsOf(bridge).length
    t.ok(refused >= 1 && refused <= 4, `${refused} requests: no more than were under way at once`)
    for (const id of ids) t.equal((await bridge.bridge.store.readEvent(id))?.jobs[0]?.state, 'queued')
    t.match(await bridge.bridge.store.readIntegrations(), [{ state: 'refused', lastAnswer: 'unauthorized' }])

    bridge.sandbox.setToken({ name: 'rotated', token: NEW_TOKEN, role: 'Editor' })
    bridge.folder.write('.env', envText({ ...SECRETS, PIXELESQ_TOKEN: NEW_TOKEN }))
    for (const id of ids) t.equal((await bridge.job(id)).state, 'succeeded')
    t.strictSame(
      [
        ...new Set(
          requestsOf(bridge)
            .slice(refused)
            .map(entry => entry.tokenName),
        ),
      ],
      ['rotated'],
      'and every request carries the new one',
    )
    t.match(await bridge.bridge.store.readIntegrations(), [{ state: 'active' }, { state: 'retired' }])
    t.notMatch(bridge.logText(), EDITOR)
    t.notMatch(bridge.logText(), NEW_TOKEN)
  })

  t.test(`403 (${errorsAs}) is final for a job, and five in a row hold the integration`, async t => {
    const bridge = await startWorkerBridge(t, {
      sandbox: { errorsAs },
      config: { integrations: { ci: { ...INTEGRATION, concurrency: 1 } }, limits: LIMITS },
    })
    bridge.sandbox.addFault({ kind: 'forbidden', times: 4 })
    for (let n = 0; n < 4; n++) {
      const job = await bridge.job(await emit(bridge, 'read', { n: String(n) }))
      t.match(job, { state: 'dead', reason: 'forbidden', history: [{ outcome: 'rejected' }] })
    }
    t.equal(
      (await bridge.job(await emit(bridge, 'read', { n: 'between' }))).state,
      'succeeded',
      'a success ends the row',
    )

    bridge.sandbox.addFault({ kind: 'forbidden', times: 100 })
    const ids = []
    for (let n = 0; n < 8; n++) ids.push(await emit(bridge, 'read', { n: `row ${n}` }))
    await waitFor('the integration to be held', async () =>
      (await bridge.bridge.store.readIntegrations()).some(({ state }) => state === 'held'),
    )
    await new Promise(resolve => setTimeout(resolve, 400))
    const states = await Promise.all(ids.map(async id => (await bridge.bridge.store.readEvent(id))?.jobs[0]?.state))
    t.strictSame(states, [...Array(5).fill('dead'), ...Array(3).fill('queued')])
    t.equal(requestsOf(bridge).length, 4 + 1 + 5)

    // a start is a person's act: it may try again
    bridge.sandbox.clearFaults()
    await bridge.stop()
    const again = await startWorkerBridge(t, { folder: bridge.folder })
    again.folder.write(
      'bridge.json',
      bridge.folder.read('bridge.json').replaceAll(bridge.sandbox.url, again.sandbox.url),
    )
    t.ok(await again.reload('test'))
    for (const id of ids.slice(5)) t.equal((await again.job(id)).state, 'succeeded')
  })

  for (const retryAfter of ['seconds', 'date'] as const) {
    t.test(`429 (${errorsAs}, ${retryAfter}) pauses the whole token until Retry-After`, async t => {
      const bridge = await startWorkerBridge(t, { sandbox: { errorsAs } })
      const waitMs = 2_000
      const value = retryAfter === 'seconds' ? '2' : new Date(Date.now() + waitMs + 999).toUTCString()
      bridge.sandbox.addFault({ kind: 'rate-limit', retryAfter: value })
      const first = await emit(bridge, 'read', { n: 'first' })
      await bridge.settled(first, ({ jobs }) => jobs[0]?.reason === 'rate_limited')
      const [limited] = requestsOf(bridge)
      const others = await Promise.all(Array.from({ length: 5 }, (_, n) => emit(bridge, 'read', { n: String(n) })))
      for (const id of [first, ...others]) {
        const job = await bridge.job(id)
        t.strictSame([job.state, job.attempts], ['succeeded', 0], 'and it costs no attempt')
      }
      const next = requestsOf(bridge)[1]!
      const until = retryAfter === 'seconds' ? limited!.receivedAt + waitMs : Date.parse(value)
      t.ok(next.receivedAt >= until, `the next request came ${next.receivedAt - until} ms after the pause`)
      t.equal(requestsOf(bridge).length, 7)
    })
  }
}

t.test('429 without Retry-After waits by the backoff', async t => {
  const bridge = await startWorkerBridge(t)
  bridge.sandbox.addFault({ kind: 'rate-limit', retryAfter: null, times: 3 })
  const job = await bridge.job(await emit(bridge, 'read', { n: '1' }))
  t.equal(job.state, 'succeeded')
  const seen = requestsOf(bridge)
  t.equal(seen.length, 4)
  for (let i = 1; i < seen.length; i++) t.ok(seen[i]!.receivedAt - seen[i - 1]!.receivedAt >= 19, 'at least the base')
})
