import { join } from 'node:path'
import Database from 'better-sqlite3'
import t from 'tap'
import { numberWord } from '../../../src/search/number-word.ts'
import { wordsOfPayload } from '../../../src/search/words-of-payload.ts'
import { NOW } from '../../fixtures/drive-store.ts'
import { makeEvent } from '../../fixtures/make-event.ts'
import { openInProcess } from '../../fixtures/open-in-process.ts'
import { makeTempFolder, openTempStore, type TempStore } from '../../fixtures/open-temp-store.ts'

const DAY_MS = 86_400_000
const KEPT = { payloadMs: 10 * DAY_MS, eventMs: 20 * DAY_MS, idempotencyKeyMs: 5 * DAY_MS, rowsMax: 100 }

async function add({ store }: TempStore, text: string, at: number, isSearched = true): Promise<void> {
  const event = makeEvent({ receivedAt: at, body: Buffer.from(JSON.stringify({ text })) })
  const { eventSeq } = await store.recordEvent(event)
  const decision = { eventSeq: eventSeq!, type: null, outcome: 'unmatched' as const, detail: [], jobs: [] }
  await store.recordRoutes({
    throughSeq: eventSeq!,
    decisions: [{ ...decision, routedAt: at, ...(isSearched && { words: wordsOfPayload({ text }) }) }],
  })
}

/** Tables and rows that the search has made in a database that is closed. */
function lookInside(file: string): { tables: string[]; spans: number; index: Buffer } {
  const db = new Database(file, { readonly: true })
  try {
    const tables = db
      .prepare<[], string>(`select name from sqlite_schema where name like 'payload_words%' order by name`)
      .pluck()
      .all()
    const index = tables
      .filter(name => name.endsWith('_data'))
      .flatMap(name => db.prepare<[], Buffer>(`select block from ${name}`).pluck().all())
    return {
      tables,
      spans: db.prepare<[], number>('select count(*) from word_span').pluck().get()!,
      index: Buffer.concat(index),
    }
  } finally {
    db.close()
  }
}

t.test('without the option there is neither a table nor a row', async t => {
  const under = await openTempStore(t)
  await add(under, 'red', NOW, false)
  await under.store.close()
  t.same(lookInside(under.file), { tables: [], spans: 0, index: Buffer.alloc(0) })
})

t.test('no word of a payload is in the index, only its number; when the payloads are gone, that is too', async t => {
  const under = await openTempStore(t)
  const canary = 'canarywordofapayload'
  await add(under, canary, NOW - 12 * DAY_MS)
  await add(under, 'young', NOW)
  await under.reopen()
  const before = lookInside(under.file)
  t.equal(before.spans, 2)
  t.notOk(before.index.includes(canary), 'the word')
  t.ok(before.index.includes(numberWord(canary)), 'its number')
  t.match(await under.store.prune({ now: NOW, ...KEPT }), { payloads: 1 })
  await under.store.close()
  const after = lookInside(under.file)
  t.equal(after.spans, 1)
  t.ok(after.index.includes(numberWord('young')))
  t.notOk(after.index.includes(numberWord(canary)))
})

t.test('a span has 8,192 events at most', async t => {
  const { context, call, close } = openInProcess(join(makeTempFolder(t), 'bridge.db'))
  t.teardown(close)
  const words = numberWord('red')
  context.words.append(Array.from({ length: 8_193 }, (_, n) => ({ eventSeq: n + 1, words, routedAt: NOW })))
  const spans = context.db.prepare('select first_event as first, last_event as last from word_span').all()
  t.same(spans, [
    { first: 1, last: 8_192 },
    { first: 8_193, last: 8_193 },
  ])
  const { seqs, from } = context.words.search([words], { from: 8_191, before: 8_194 }, 10)
  t.same(seqs, [8_193, 8_192, 8_191])
  t.equal(from, 8_191)
  t.same(call('prune', { now: NOW, ...KEPT }), { payloads: 0, events: 0, more: false })
})

t.test('a span reaches to the last event of a batch and to its latest instant, across a boundary too', async t => {
  const { context, close } = openInProcess(join(makeTempFolder(t), 'bridge.db'))
  t.teardown(close)
  const words = numberWord('red')
  // the clock was set back between the second and the third
  const instants = [NOW, NOW + 9, NOW + 4, NOW + DAY_MS, NOW + DAY_MS + 2, NOW + DAY_MS + 1]
  context.words.append(instants.map((routedAt, n) => ({ eventSeq: n + 1, words, routedAt })))
  const select = 'select first_event as first, last_event as last, begun_at as begun, last_at as at from word_span'
  t.same(context.db.prepare(select).all(), [
    { first: 1, last: 3, begun: NOW, at: NOW + 9 },
    { first: 4, last: 6, begun: NOW + DAY_MS, at: NOW + DAY_MS + 2 },
  ])
  context.words.append([])
  t.equal(context.db.prepare('select count(*) from word_span').pluck().get(), 2)
})

t.test('a death between two commits leaves the index as whole as the rows', async t => {
  const file = join(makeTempFolder(t), 'bridge.db')
  const first = openInProcess(file)
  const event = first.call('recordEvent', makeEvent())
  first.call('recordRoutes', {
    throughSeq: event.eventSeq!,
    decisions: [
      {
        ...{ eventSeq: event.eventSeq!, type: null, outcome: 'unmatched', detail: [], jobs: [] },
        ...{ routedAt: NOW, words: numberWord('red') },
      },
    ],
  })
  first.context.db.exec('begin')
  first.context.words.append([{ eventSeq: 2, words: numberWord('red'), routedAt: NOW + 2 * DAY_MS }])
  first.close()
  const second = openInProcess(file)
  t.teardown(second.close)
  t.equal(second.context.db.pragma('integrity_check', { simple: true }), 'ok')
  t.same(second.context.words.search([numberWord('red')], { from: 1, before: 10 }, 10).seqs, [1])
  t.equal(second.context.db.prepare('select count(*) from word_span').pluck().get(), 1)
})
