import type { PageQuery } from '../store/reports.ts'

/**
 * Calls of the store for one page: each looks at a bounded number of rows, so that deliveries get in between. 10,000 rows
 * in all: a filter that matches nothing is answered within 50 ms, however long the history (bench/million.ts).
 */
const CALLS_MAX = 5

/** Asks on until the page is full, there is no more, or enough was looked at: then the caller goes on with the cursor. */
export async function fillPage<Row, Page extends Pick<PageQuery, 'beforeSeq' | 'limit'>>(
  page: Page,
  ask: (page: Page) => Promise<{ rows: readonly Row[]; nextSeq: number | null }>,
): Promise<{ rows: Row[]; nextSeq: number | null }> {
  const rows: Row[] = []
  let beforeSeq = page.beforeSeq
  for (let calls = 0; calls < CALLS_MAX; calls++) {
    const found = await ask({ ...page, beforeSeq, limit: page.limit - rows.length })
    rows.push(...found.rows)
    beforeSeq = found.nextSeq
    if (beforeSeq === null || rows.length >= page.limit) break
  }
  return { rows, nextSeq: beforeSeq }
}
