import t from 'tap'
import { ASKS_MAX, askAgainAt, CONFLICTS_MAX } from '../../src/worker/decide-next.ts'
import { backoffTable } from './backoff-table.ts'
import { readDoc, readTable } from './read-docs.ts'

const text = readDoc('docs/backoff.md')

t.test('the table of waits is what the code computes', async t => {
  const computed = backoffTable()
  t.strictSame(readTable(text, '## Between attempts'), computed, toMarkdown(computed))
})

/** What to paste where it is stale. */
function toMarkdown(rows: readonly (readonly string[])[]): string {
  return rows.map(cells => `| ${cells.join(' | ')} |`).join('\n')
}

t.test('the waits of a verify query are those of the code', async t => {
  const waits = [1, 2, 3].map(asked => askAgainAt({ asked, settleMs: 30_000, now: 0 }))
  t.strictSame(waits, [60_000, 120_000, null])
  t.equal(ASKS_MAX, 3)
  t.match(text, 'after 2 × settle (60 s), then after 4 × settle (120 s)')
  t.equal(CONFLICTS_MAX, 5)
  t.match(text, 'at most 5 times')
})
