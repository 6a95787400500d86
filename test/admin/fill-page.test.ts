import t from 'tap'
import { formatCursor, parseCursor } from '../../src/admin/cursor.ts'
import { fillPage } from '../../src/admin/fill-page.ts'
import type { PageQuery } from '../../src/store/reports.ts'

const PAGE: PageQuery = {
  beforeSeq: null,
  sinceAt: null,
  untilAt: null,
  source: null,
  type: null,
  mapping: null,
  integration: null,
  limit: 3,
}

/** A store whose calls look at 10 rows each, of those below 100, and find every tenth. */
function ask(page: PageQuery): Promise<{ rows: number[]; nextSeq: number | null }> {
  const from = (page.beforeSeq ?? 100) - 1
  const lookedAt = Array.from({ length: 10 }, (_, n) => from - n)
  const rows = lookedAt.filter(seq => seq % 10 === 0 && seq > 0).slice(0, page.limit)
  return Promise.resolve({ rows, nextSeq: from - 9 > 0 ? from - 9 : null })
}

t.test('short pages are put together until there are enough rows', async t => {
  t.same(await fillPage(PAGE, ask), { rows: [90, 80, 70], nextSeq: 70 })
  t.same(await fillPage({ ...PAGE, beforeSeq: 21 }, ask), { rows: [20, 10], nextSeq: null })
})

t.test('a page that finds little ends after a bounded search, with the place to go on from', async t => {
  const calls: number[] = []
  const found = await fillPage(PAGE, async page => {
    calls.push(page.beforeSeq ?? 0)
    return { rows: [], nextSeq: 1_000_000 - calls.length }
  })
  t.same(found, { rows: [], nextSeq: 999_995 })
  t.equal(calls.length, 5)
})

t.test('a cursor is a place in one database, and nothing else is a cursor', async t => {
  t.equal(parseCursor(3, formatCursor(3, 12_345)!), 12_345)
  t.equal(formatCursor(3, null), null)
  t.equal(parseCursor(4, formatCursor(3, 12_345)!), null, 'as it was before a restore')
  for (const text of [
    '',
    'x',
    '12',
    '-1',
    Buffer.from('3 1 2').toString('base64url'),
    Buffer.from('3 -1').toString('base64url'),
  ])
    t.equal(parseCursor(3, text), null, text)
})
