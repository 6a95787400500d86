import { randomBytes } from 'node:crypto'
import type { Test } from 'tap'
import { unpackBody } from '../../../src/store/body-codec.ts'
import { NOW } from '../../fixtures/drive-store.ts'
import { makeEvent } from '../../fixtures/make-event.ts'
import type { OpenStore } from './store-contract.ts'

const A = Buffer.from('{"a":1}')
const B = Buffer.from('{"b":2}')
const DAY_MS = 86_400_000

export async function testIdempotency(t: Test, openStore: OpenStore): Promise<void> {
  t.test('the same key with the same body is a duplicate of the first event, also after a restart', async t => {
    const under = await openStore(t)
    const first = await under.store.recordEvent(makeEvent({ key: 'k', body: A }))
    t.match(first, { outcome: 'recorded', eventSeq: Number })
    const again = { outcome: 'duplicate', eventId: first.eventId, eventSeq: null }
    t.same(await under.store.recordEvent(makeEvent({ key: 'k', body: A })), again)
    await under.reopen()
    t.same(await under.store.recordEvent(makeEvent({ key: 'k', body: A, receivedAt: NOW + 10 * DAY_MS })), again)
    t.equal((await under.store.readEvent(first.eventId))?.redeliveries, 2)
    t.equal((await under.store.takeRecorded({ afterSeq: 0, limit: 10 })).length, 1)
  })

  t.test('the same key with another body is a conflict, kept as an event of its own', async t => {
    const { store } = await openStore(t)
    const first = await store.recordEvent(makeEvent({ key: 'k', body: A }))
    const conflict = await store.recordEvent(makeEvent({ key: 'k', body: B }))
    t.match(conflict, { outcome: 'id_conflict', eventSeq: Number })
    t.not(conflict.eventId, first.eventId)
    t.match(await store.readEvent(conflict.eventId), { outcome: 'id_conflict', event: { receipt: 'id_conflict' } })

    t.same(await store.recordEvent(makeEvent({ key: 'k', body: B })), {
      outcome: 'id_conflict',
      eventId: conflict.eventId,
      eventSeq: null,
    })
    t.same(await store.recordEvent(makeEvent({ key: 'k', body: A })), {
      outcome: 'duplicate',
      eventId: first.eventId,
      eventSeq: null,
    })
  })

  t.test('the same key at another source is another event', async t => {
    const { store } = await openStore(t)
    const one = await store.recordEvent(makeEvent({ source: 'github', key: 'k', body: A }))
    const other = await store.recordEvent(makeEvent({ source: 'stripe', key: 'k', body: B }))
    t.equal(other.outcome, 'recorded')
    t.not(other.eventId, one.eventId)
  })

  t.test('source and key are told apart at their border', async t => {
    const { store } = await openStore(t)
    await store.recordEvent(makeEvent({ source: 'a', key: 'b\nc', body: A }))
    t.equal((await store.recordEvent(makeEvent({ source: 'a\nb', key: 'c', body: A }))).outcome, 'recorded')
  })

  t.test('keys are compared as they are: case, blanks and accents count', async t => {
    const { store } = await openStore(t)
    for (const key of ['k', 'K', 'k ', 'é', 'e\u0301', 'k\u0000']) {
      t.equal((await store.recordEvent(makeEvent({ key, body: A }))).outcome, 'recorded', JSON.stringify(key))
    }
  })

  t.test('a key means the same event within its window only, counted from the first delivery', async t => {
    const { store } = await openStore(t)
    const record = (ms: number) =>
      store.recordEvent(makeEvent({ key: 'k', body: A, keyWindowMs: 600_000, receivedAt: NOW + ms }))
    const first = await record(0)
    t.match(await record(599_999), { outcome: 'duplicate', eventId: first.eventId })
    const second = await record(600_000)
    t.equal(second.outcome, 'recorded')
    t.match(await record(1_199_999), { outcome: 'duplicate', eventId: second.eventId })
  })

  t.test('without a window a key means the same event as long as keys are kept', async t => {
    const { store } = await openStore(t)
    const record = (ms: number) =>
      store.recordEvent(
        makeEvent({ key: 'k', body: A, keyWindowMs: null, keyRetentionMs: DAY_MS, receivedAt: NOW + ms }),
      )
    await record(0)
    t.equal((await record(DAY_MS - 1)).outcome, 'duplicate')
    t.equal((await record(DAY_MS)).outcome, 'recorded')
  })

  t.test('the same signed content under a new id is replayed: no second event', async t => {
    const { store } = await openStore(t)
    const record = (change: Parameters<typeof makeEvent>[0]) =>
      store.recordEvent(makeEvent({ body: A, replayKey: 'signed', keyRetentionMs: DAY_MS, ...change }))
    const first = await record({ key: 'k1' })
    t.same(await record({ key: 'k2' }), { outcome: 'replayed', eventId: first.eventId, eventSeq: null })
    t.same((await store.readEvent(first.eventId))?.redeliveries, 1)
    t.equal((await record({ key: 'k3', source: 'stripe' })).outcome, 'recorded', 'another source')
    t.equal((await record({ key: 'k4', replayKey: 'other' })).outcome, 'recorded', 'other content')
    t.equal((await record({ key: 'k5', receivedAt: NOW + DAY_MS })).outcome, 'recorded', 'after keys are forgotten')
  })

  t.test('a known key decides before the signed content does', async t => {
    const { store } = await openStore(t)
    const first = await store.recordEvent(makeEvent({ key: 'k', body: A, replayKey: 'r1' }))
    await store.recordEvent(makeEvent({ key: 'k2', body: B, replayKey: 'r2' }))
    t.match(await store.recordEvent(makeEvent({ key: 'k', body: A, replayKey: 'r2' })), {
      outcome: 'duplicate',
      eventId: first.eventId,
    })
    t.equal((await store.recordEvent(makeEvent({ key: 'k', body: B, replayKey: 'r2' }))).outcome, 'id_conflict')
  })

  t.test('content that did nothing under one key is taken under another', async t => {
    const { store } = await openStore(t)
    await store.recordEvent(makeEvent({ key: 'k', body: A, replayKey: 'a' }))
    const conflict = { body: B, replayKey: 'b' }
    t.equal((await store.recordEvent(makeEvent({ key: 'k', ...conflict }))).outcome, 'id_conflict')
    const genuine = await store.recordEvent(makeEvent({ key: 'own', ...conflict }))
    t.equal(genuine.outcome, 'recorded')
    t.match(await store.recordEvent(makeEvent({ key: 'new', ...conflict })), {
      outcome: 'replayed',
      eventId: genuine.eventId,
    })
    t.equal(
      (await store.recordEvent(makeEvent({ key: 'k', ...conflict }))).outcome,
      'id_conflict',
      'still under its key',
    )
    await store.recordEvent(makeEvent({ key: 'ping', replayKey: 'c', ignored: true }))
    t.equal((await store.recordEvent(makeEvent({ key: 'push', replayKey: 'c' }))).outcome, 'recorded')
  })

  t.test('a ping is kept and marked, and a ping again is a duplicate', async t => {
    const { store } = await openStore(t)
    const ping = await store.recordEvent(makeEvent({ key: 'k', body: A, ignored: true }))
    t.match(ping, { outcome: 'ignored', eventSeq: Number })
    t.match(await store.readEvent(ping.eventId), { outcome: 'ignored', event: { receipt: 'ignored' } })
    t.match(await store.recordEvent(makeEvent({ key: 'k', body: A, ignored: true })), {
      outcome: 'duplicate',
      eventId: ping.eventId,
    })
  })

  t.test('100 identical deliveries at once of each of 50 ids are 50 events', async t => {
    const { store } = await openStore(t)
    const calls = Array.from({ length: 5_000 }, (_, n) =>
      store.recordEvent(makeEvent({ key: `id-${n % 50}`, body: Buffer.from(`{"id":${n % 50}}`) })),
    )
    const answers = await Promise.all(calls)
    t.equal(answers.filter(answer => answer.outcome === 'recorded').length, 50)
    t.equal(answers.filter(answer => answer.outcome === 'duplicate').length, 4_950)
    t.equal(new Set(answers.map(answer => answer.eventId)).size, 50)
    t.equal((await store.takeRecorded({ afterSeq: 0, limit: 10_000 })).length, 50)
  })

  t.test('what was delivered is given back byte for byte', async t => {
    const under = await openStore(t)
    const bodies = [
      Buffer.alloc(0),
      Buffer.from([0, 255, 0xc3, 0x28]),
      Buffer.from(JSON.stringify({ text: 'ä'.repeat(5_000) })),
      randomBytes(20_000),
    ]
    for (const body of bodies) {
      const event = makeEvent({
        body,
        method: 'GET',
        query: 'a=1&a=%00',
        type: 'push',
        headers: ['x-a', 'one', 'x-a', 'two "quoted"', 'x-latin', '\u00ff'],
      })
      const { eventId } = await under.store.recordEvent(event)
      await under.reopen()
      const kept = (await under.store.readEvent(eventId))!.event
      const { source, type, key, method, query, headers, receivedAt } = event
      t.match(kept, { source, type, key, method, query, headers, receivedAt })
      t.ok(unpackBody(kept.body)?.equals(body), `${body.byteLength} bytes`)
    }
  })

  t.test('deliveries recorded at once are given back each as its own, before and after a restart', async t => {
    const under = await openStore(t)
    const sizes = [0, 1, 300, 90_000, 0, 700_000, 511, 512, 90_000, 90_000, 3]
    const events = sizes.map((size, n) =>
      makeEvent({
        body: n % 2 === 0 ? randomBytes(size) : Buffer.alloc(size, `${n}`),
        headers: ['x-n', `${n} \u2028 ü`],
      }),
    )
    await Promise.all(events.map(event => under.store.recordEvent(event)))
    for (let opened = 0; opened < 2; opened++) {
      const taken = await under.store.takeRecorded({ afterSeq: 0, limit: 100 })
      t.equal(taken.length, events.length)
      for (const [n, event] of events.entries()) {
        t.same(taken[n]?.headers, event.headers)
        t.ok(unpackBody(taken[n]!.body)?.equals(event.body), `${event.body.byteLength} bytes`)
      }
      await under.reopen()
    }
  })

  t.test('a body stays with its caller: recording gives nothing away', async t => {
    const { store } = await openStore(t)
    const body = Buffer.from('{"kept":true}')
    await Promise.all([store.recordEvent(makeEvent({ body })), store.recordEvent(makeEvent({ body }))])
    t.equal(body.toString(), '{"kept":true}')
  })
}
