import type { Test } from 'tap'
import { numberWord } from '../../../src/search/number-word.ts'
import { wordsOfPayload } from '../../../src/search/words-of-payload.ts'
import type { EventPage, EventQuery } from '../../../src/store/reports.ts'
import type { RouteDecision } from '../../../src/store/routes.ts'
import type { Store } from '../../../src/store/store.ts'
import { NOW, planJob } from '../../fixtures/drive-store.ts'
import { makeEvent } from '../../fixtures/make-event.ts'
import type { OpenStore } from './store-contract.ts'

const DAY_MS = 86_400_000
const KEPT = { payloadMs: 10 * DAY_MS, eventMs: 20 * DAY_MS, idempotencyKeyMs: 5 * DAY_MS, rowsMax: 100 }

interface Added {
  id: string
  seq: number
}

/** Records an event that holds a text, and routes it; null = without words, as where payloads are not searched. */
async function add(
  store: Store,
  text: string | null,
  {
    source = 'github',
    at = NOW,
    decision = {},
  }: { source?: string; at?: number; decision?: Partial<RouteDecision> } = {},
): Promise<Added> {
  const { eventId, eventSeq } = await store.recordEvent(makeEvent({ source, receivedAt: at }))
  const words = text === null ? {} : { words: wordsOfPayload([text]) }
  const unmatched = { eventSeq: eventSeq!, type: null, outcome: 'unmatched' as const, detail: [], jobs: [] }
  await store.recordRoutes({
    throughSeq: eventSeq!,
    decisions: [{ ...unmatched, routedAt: at, ...words, ...decision }],
  })
  return { id: eventId, seq: eventSeq! }
}

function askPage(store: Store, text: string, change: Partial<EventQuery> = {}): Promise<EventPage> {
  const anything = { source: null, type: null, mapping: null, integration: null, outcomes: null }
  const words = text.split(' ').map(numberWord)
  return store.listEvents({
    ...{ beforeSeq: null, sinceAt: null, untilAt: null, limit: 100 },
    ...anything,
    words,
    ...change,
  })
}

/** All pages. */
async function find(store: Store, text: string, change: Partial<EventQuery> = {}): Promise<string[]> {
  const ids: string[] = []
  for (let beforeSeq: number | null = null; ; ) {
    const page = await askPage(store, text, { ...change, beforeSeq })
    ids.push(...page.events.map(({ id }) => id))
    if (page.nextSeq === null) return ids
    beforeSeq = page.nextSeq
  }
}

export async function testSearching(t: Test, openStore: OpenStore): Promise<void> {
  t.test('events are found by all the words asked for, newest first, and after a restart', async t => {
    const under = await openStore(t)
    const a = await add(under.store, 'red apple')
    const b = await add(under.store, 'red pear')
    await add(under.store, null)
    for (let opened = 0; opened < 2; opened++) {
      t.same(await find(under.store, 'red'), [b.id, a.id])
      t.same(await find(under.store, 'apple red'), [a.id])
      t.same(await find(under.store, 'apple pear'), [])
      t.same(await find(under.store, 're'), [], 'a word is whole')
      await under.reopen()
    }
    const c = await add(under.store, 'red again')
    t.same(await find(under.store, 'red'), [c.id, b.id, a.id])
  })

  t.test('words combine with every other filter', async t => {
    const { store } = await openStore(t)
    const job = planJob({ mapping: 'm', integration: 'i' })
    const decision = { outcome: 'matched' as const, type: 'push', jobs: [job] }
    const a = await add(store, 'red', { source: 'stripe', at: NOW - 5_000 })
    const b = await add(store, 'red', { decision })
    await add(store, 'blue', { decision })
    t.same(await find(store, 'red', { source: 'stripe' }), [a.id])
    t.same(await find(store, 'red', { outcomes: ['matched'] }), [b.id])
    t.same(await find(store, 'red', { type: 'push' }), [b.id])
    t.same(await find(store, 'red', { mapping: 'm', integration: 'i' }), [b.id])
    t.same(await find(store, 'red', { mapping: 'other' }), [])
    t.same(await find(store, 'red', { untilAt: NOW }), [a.id])
    t.same(await find(store, 'red', { sinceAt: NOW }), [b.id])
  })

  t.test('pages neither repeat nor miss an event while others come in', async t => {
    const { store } = await openStore(t)
    const ids: string[] = []
    for (let n = 0; n < 7; n++) {
      ids.unshift((await add(store, 'red')).id)
      await add(store, 'blue')
    }
    const seen: string[] = []
    let beforeSeq: number | null = null
    do {
      const page = await askPage(store, 'red', { limit: 3, beforeSeq })
      t.ok(page.events.length <= 3)
      seen.push(...page.events.map(({ id }) => id))
      beforeSeq = page.nextSeq
      await add(store, 'red')
    } while (beforeSeq !== null)
    t.same(seen, ids)
  })

  t.test('days apart they are found all the same, and it is said since when events are searched', async t => {
    const { store } = await openStore(t)
    t.same(await askPage(store, 'red'), { events: [], nextSeq: null, searchedSince: null })
    await add(store, null, { at: NOW - 9 * DAY_MS })
    const ids: string[] = []
    for (let days = 8; days >= 0; days -= 2) ids.unshift((await add(store, 'red', { at: NOW - days * DAY_MS })).id)
    t.same(await find(store, 'red'), ids)
    t.same(await find(store, 'red', { limit: 1 }), ids)
    t.match(await askPage(store, 'red'), { searchedSince: NOW - 8 * DAY_MS })
    t.notOk('searchedSince' in (await askPage(store, 'red', { words: null })), 'only where it is asked for words')
  })

  t.test('a search of a long history ends, page by page, and finds its oldest event', async t => {
    const { store } = await openStore(t)
    const oldest = await add(store, 'needle', { at: NOW - 200 * DAY_MS })
    for (let days = 199; days > 0; days--) await add(store, 'hay', { at: NOW - days * DAY_MS })
    const first = await askPage(store, 'needle')
    t.same(first.events, [])
    t.ok(first.nextSeq! > oldest.seq, 'one call looks at a part of it')
    t.same(await find(store, 'needle'), [oldest.id])
    t.same(await find(store, 'hay needle'), [])
  })

  t.test('more events than a call looks at are all looked at', async t => {
    const { store } = await openStore(t)
    const rare = await add(store, 'red', { source: 'stripe' })
    const recorded = await Promise.all(Array.from({ length: 2_500 }, () => store.recordEvent(makeEvent())))
    const decisions = recorded.map(({ eventSeq }) => ({
      ...{ eventSeq: eventSeq!, type: null, outcome: 'unmatched' as const, detail: [], jobs: [] },
      ...{ routedAt: NOW, words: wordsOfPayload(['red']) },
    }))
    await store.recordRoutes({ decisions, throughSeq: recorded.at(-1)!.eventSeq! })
    const first = await askPage(store, 'red', { source: 'stripe' })
    t.same(first.events, [])
    t.equal(first.nextSeq, recorded.at(-1_000)!.eventSeq)
    t.same(await find(store, 'red', { source: 'stripe' }), [rare.id])
    t.equal((await find(store, 'red')).length, 2_501)
  })

  t.test('an event whose payload is gone is not found', async t => {
    const { store } = await openStore(t)
    await add(store, 'red', { at: NOW - 10.5 * DAY_MS })
    const young = await add(store, 'red', { at: NOW - 9.8 * DAY_MS })
    t.match(await store.prune({ now: NOW, ...KEPT }), { payloads: 1 })
    t.same(await find(store, 'red'), [young.id])
    t.match(await store.prune({ now: NOW + 9 * DAY_MS, ...KEPT }), { payloads: 1 })
    t.same(await find(store, 'red'), [])
  })

  t.test('what is indexed goes a day after the payloads, and what is indexed next is found', async t => {
    const { store } = await openStore(t)
    await add(store, 'red', { at: NOW - 12 * DAY_MS })
    await add(store, 'red', { at: NOW - 11.5 * DAY_MS })
    t.match(await store.prune({ now: NOW, ...KEPT }), { payloads: 2, more: true })
    t.match(await store.prune({ now: NOW, ...KEPT }), { payloads: 0, more: false })
    t.match(await askPage(store, 'red'), { events: [], searchedSince: null })
    const next = await add(store, 'red')
    t.same(await find(store, 'red'), [next.id])
  })

  t.test('a batch that fails leaves nothing to be found, and takes nothing from those beside it', async t => {
    const { store } = await openStore(t)
    const [good, bad] = await Promise.all([store.recordEvent(makeEvent()), store.recordEvent(makeEvent())])
    const routesOf = (eventSeq: number, times: number) => ({
      throughSeq: bad.eventSeq!,
      decisions: Array.from({ length: times }, () => ({
        ...{ eventSeq, type: null, outcome: 'unmatched' as const, detail: [], jobs: [] },
        ...{ routedAt: NOW, words: wordsOfPayload(['red']) },
      })),
    })
    // in one turn: they are tried as one transaction first, which the second one rolls back
    const results = await Promise.allSettled([
      store.recordRoutes(routesOf(good.eventSeq!, 1)),
      store.recordRoutes(routesOf(bad.eventSeq!, 2)),
    ])
    t.same(
      results.map(({ status }) => status),
      ['fulfilled', 'rejected'],
    )
    t.same(await find(store, 'red'), [good.eventId])
    await store.recordRoutes(routesOf(bad.eventSeq!, 1))
    t.same(await find(store, 'red'), [bad.eventId, good.eventId])
  })
}
