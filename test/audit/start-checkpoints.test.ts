import { existsSync, readFileSync, rmSync } from 'node:fs'
import pino from 'pino'
import t, { type Test } from 'tap'
import { anchorsFileOf } from '../../src/audit/anchors.ts'
import { parseAuditKey } from '../../src/audit/audit-key.ts'
import type { SignedCheckpoint } from '../../src/audit/checkpoint.ts'
import { type Checkpoints, startCheckpoints } from '../../src/audit/start-checkpoints.ts'
import { verifyRunning } from '../../src/audit/verify-running.ts'
import type { Store } from '../../src/store/store.ts'
import { openTempStore, type TempStore } from '../fixtures/open-temp-store.ts'

const HOUR_MS = 3_600_000
const key = parseAuditKey('A'.repeat(43))!
const clock = { at: 1_800_000_000_000 }

async function start(under: TempStore): Promise<{ checkpoints: Checkpoints; logged: () => string }> {
  const lines: string[] = []
  const log = pino({ level: 'info' }, { write: line => void lines.push(line) })
  const anchorsFile = anchorsFileOf(under.file)
  const checkpoints = await startCheckpoints({ store: under.store, key, anchorsFile, log, now: () => clock.at })
  return { checkpoints, logged: () => lines.join('') }
}
function add(store: Store, count: number): Promise<void> {
  return store.recordAudit(
    Array.from({ length: count }, () => ({ at: clock.at, actor: 'bridge', action: 'event.echo' as const })),
  )
}
async function seqsOf(store: Store): Promise<number[]> {
  return (await store.readCheckpoints({ afterSeq: 0, limit: 500 })).map(({ seq }) => seq)
}
async function open(t: Test): Promise<TempStore> {
  return openTempStore(t)
}

t.test('every thousand rows, every hour, at start and at stop', async t => {
  const under = await open(t)
  await add(under.store, 1)
  const { checkpoints } = await start(under)
  t.same(await seqsOf(under.store), [1])
  await add(under.store, 2_500)
  await checkpoints.check()
  t.same(await seqsOf(under.store), [1, 1_000, 2_000])
  await checkpoints.check()
  t.same(await seqsOf(under.store), [1, 1_000, 2_000], 'nothing is due')
  clock.at += HOUR_MS
  await checkpoints.check()
  t.same(await seqsOf(under.store), [1, 1_000, 2_000, 2_501])
  clock.at += HOUR_MS
  await checkpoints.check()
  t.same((await seqsOf(under.store)).length, 4, 'an hour without rows needs none')
  await add(under.store, 3)
  await checkpoints.stop()
  t.same((await seqsOf(under.store)).at(-1), 2_504)
  const lines = readFileSync(anchorsFileOf(under.file), 'utf8').trimEnd().split('\n')
  t.same(
    lines.map(line => (JSON.parse(line) as SignedCheckpoint).seq),
    await seqsOf(under.store),
  )
})

t.test('more than can be signed at once are signed all the same', async t => {
  const under = await open(t)
  const { checkpoints } = await start(under)
  for (let n = 0; n < 12; n++) await add(under.store, 10_000)
  await checkpoints.stop()
  const seqs = await seqsOf(under.store)
  t.equal(seqs.length, 120)
  t.equal(seqs.at(-1), 120_000)
  t.match(await verifyRunning(under.store, checkpoints, () => false), { ok: true, rows: 120_000, anchors: 120 })
})

t.test('a file that went away is written anew at the next start, and the audit says so', async t => {
  const under = await open(t)
  await add(under.store, 1)
  const first = await start(under)
  await first.checkpoints.stop()
  rmSync(anchorsFileOf(under.file))
  const second = await start(under)
  t.ok(existsSync(anchorsFileOf(under.file)))
  const [late] = await under.store.readAuditRows({ afterSeq: 1, limit: 1 })
  t.match(late, { action: 'audit.anchored_late', detail: '{"checkpoints":1}' })
  t.match(await verifyRunning(under.store, second.checkpoints, () => false), { ok: true })
  await second.checkpoints.stop()
})

t.test('retention that removes rows under a verification is no false alarm', async t => {
  const under = await open(t)
  const { checkpoints } = await start(under)
  for (let n = 0; n < 5; n++) {
    await add(under.store, 1_000)
    await checkpoints.check()
  }
  clock.at += HOUR_MS
  let pruned = 0
  const store: Store = {
    ...under.store,
    async readAuditRows(query) {
      const rows = await under.store.readAuditRows(query)
      if (query.afterSeq === 500 && pruned++ === 0)
        while ((await under.store.pruneAudit({ now: clock.at, auditMs: 1 })).more);
      return rows
    },
  }
  t.match(await verifyRunning(store, checkpoints, () => false), { ok: true, problem: null, prunedThroughSeq: 5_000 })
  t.equal(pruned, 1)
  await checkpoints.stop()
})
