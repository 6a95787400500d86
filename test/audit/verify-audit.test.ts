import t from 'tap'
import { parseAuditKey } from '../../src/audit/audit-key.ts'
import { createAuditHistory } from '../fixtures/audit/audit-history.ts'
import { runClean } from '../fixtures/audit/clean-run.ts'
import { makeOriginal, TAMPERINGS, tamperOnce } from '../fixtures/audit/tamper.ts'
import { createRandom } from '../fixtures/crash/random.ts'

/** The whole number is `npm run audit:tamper -- --count 10000`. */
const TAMPERINGS_EACH = 12
const CLEAN_RUNS = 15

t.test('whatever is tampered with is found', async t => {
  const history = createAuditHistory()
  t.teardown(() => history.remove())
  const original = await makeOriginal(history, [20, 15, 30, 10])
  t.match(await history.verify(), { ok: true, restores: [], unanchored: 0 })
  const random = createRandom(20_261_124)
  for (const kind of TAMPERINGS)
    for (let n = 0; n < TAMPERINGS_EACH; n++) {
      const { ok, problem } = await tamperOnce(kind, original, random)
      t.notOk(ok, `${kind}: ${problem?.message}`)
    }
})

t.test('nothing is found where processes were killed, rows were pruned, and backups restored', async t => {
  const random = createRandom(7)
  for (let n = 0; n < CLEAN_RUNS; n++) {
    const { steps, verdicts } = await runClean(random)
    for (const { problem } of verdicts) t.equal(problem, null, steps.join('; '))
  }
})

t.test('the first bad row is named, and what is wrong with it', async t => {
  const history = createAuditHistory()
  t.teardown(() => history.remove())
  await history.run(10)
  const { default: Database } = await import('better-sqlite3')
  const problemAfter = async (sql: string): Promise<unknown> => {
    const copy = history.copy()
    const db = new Database(copy)
    db.exec(sql)
    db.close()
    return (await history.verify({ database: copy })).problem
  }
  t.match(await problemAfter(`update audit_entry set actor = 'admin:x' where seq in (5, 7)`), {
    seq: 5,
    code: 'row_changed',
    message: 'row 5 does not go on from the row before: one of them is not as it was written',
  })
  t.match(await problemAfter('delete from audit_entry where seq in (4, 5)'), {
    seq: 4,
    code: 'row_missing',
    message: 'rows 4 to 5 are missing',
  })
  t.match(await problemAfter('delete from audit_entry where seq > 10'), { seq: 11, code: 'row_missing' })
  t.match(await problemAfter('delete from audit_entry where seq > 10; delete from audit_checkpoint where seq > 10'), {
    seq: 2,
    code: 'rolled_back',
    message:
      'rows were signed up to 12, but the database has signed rows up to 1 only: rows were cut off, or an older copy was put in its place',
  })
  t.match(await problemAfter('delete from audit_entry where seq = 1'), { seq: 1, code: 'row_missing' })
  t.match(await problemAfter('update audit_checkpoint set at = at + 1 where seq = 12'), {
    seq: 12,
    code: 'checkpoint_changed',
  })
})

t.test('what was pruned is told from what is missing', async t => {
  const history = createAuditHistory()
  t.teardown(() => history.remove())
  await history.run(5)
  await history.run(5)
  history.prune()
  await history.run(5)
  const verdict = await history.verify()
  t.match(verdict, { ok: true, prunedThroughSeq: 14, fromSeq: 15, checkpoints: 6 })
  const { default: Database } = await import('better-sqlite3')
  const db = new Database(history.file)
  const next = db.prepare<[], number>('select min(seq) from audit_checkpoint where seq > 14').pluck().get()!
  db.prepare('delete from audit_entry where seq <= ?').run(next)
  db.close()
  t.match((await history.verify()).problem, {
    seq: 1,
    code: 'row_missing',
    message: /^rows up to \d+ are not here, but the audit says of /,
  })
})

t.test('a restore is told from an older copy that somebody put in place', async t => {
  for (const epoch of [2, null]) {
    const history = createAuditHistory()
    t.teardown(() => history.remove())
    await history.run(5)
    const copy = history.copy()
    await history.run(5)
    history.putBack(copy, epoch)
    if (epoch === null) t.match((await history.verify()).problem, { seq: 8, code: 'rolled_back' })
    await history.run(3)
    await history.run(3)
    const { ok, problem, restores } = await history.verify()
    if (epoch === null) {
      t.match(problem, { seq: 8, code: 'rolled_back', message: /no restore says so/ })
      continue
    }
    t.ok(ok, 'the history goes on from there')
    t.match(restores, [{ lostFromSeq: 8, lostThroughSeq: 14 }])
  }
})

t.test('a backup restored twice, and then the database of before, is no tampering', async t => {
  const history = createAuditHistory()
  t.teardown(() => history.remove())
  await history.run(5)
  const first = history.copy()
  await history.run(5)
  const second = history.copy()
  for (const [copy, epoch] of [
    [first, 2],
    [first, 3],
    [second, 4],
  ] as const) {
    history.putBack(copy, epoch)
    await history.run(4)
    t.match(await history.verify(), { ok: true, problem: null })
  }
})

t.test('a new key goes on from the old one; a stranger’s is named', async t => {
  const history = createAuditHistory()
  t.teardown(() => history.remove())
  const other = parseAuditKey(`${'B'.repeat(42)}A`)!
  await history.run(5)
  await history.run(5, 'stop', other)
  const verdict = await history.verify({ key: other.fingerprint })
  t.match(verdict, {
    ok: true,
    keys: [{ fingerprint: history.key.fingerprint, sinceSeq: 1 }, { fingerprint: other.fingerprint }],
  })
  const { problem } = await history.verify({ key: history.key.fingerprint })
  t.match(problem, { code: 'key_unknown', seq: verdict.keys[1]!.sinceSeq })
})

t.test('without the file of checkpoints the database is verified all the same', async t => {
  const history = createAuditHistory()
  t.teardown(() => history.remove())
  await history.run(5)
  t.match(await history.verify({ anchors: null }), { ok: true, anchors: null, rows: 7 })
})

t.test('a file of checkpoints that ends sooner is said, and is a problem for who knows that it had more', async t => {
  const history = createAuditHistory()
  t.teardown(() => history.remove())
  await history.run(5, 'kill_before_anchor')
  t.match(await history.verify(), { ok: true, unanchored: 1, anchors: 1 })
  const { openAuditCopy } = await import('../../src/store/sqlite/open-audit-copy.ts')
  const { openAnchors } = await import('../../src/audit/anchors.ts')
  const { verifyAudit } = await import('../../src/audit/verify-audit.ts')
  const copy = openAuditCopy(history.file)
  const anchors = await openAnchors(history.anchorsFile)
  const { problem } = await verifyAudit(copy, { anchors, key: null, anchoredThroughSeq: 7 })
  copy.close()
  t.match(problem, { code: 'anchor_missing', seq: 2 })
  await history.run(1)
  t.match(await history.verify(), { ok: true, unanchored: 0 }, 'the next start writes what is missing')
})
