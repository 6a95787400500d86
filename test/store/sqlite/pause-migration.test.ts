import { readdirSync, readFileSync } from 'node:fs'
import Database from 'better-sqlite3'
import t from 'tap'
import { migrate } from '../../../src/store/sqlite/migrate.ts'

const FOLDER = new URL('../../../src/store/migrations/', import.meta.url)
const NOW = 1_800_000_000_000

t.test('a ledger of before keeps its tokens, and the writes that were made so far are counted', async t => {
  const db = new Database(':memory:')
  t.teardown(() => db.close())
  const files = readdirSync(FOLDER)
    .filter(name => name.endsWith('.sql'))
    .sort()
  const before = files.slice(
    0,
    files.findIndex(name => name.endsWith('-pause.sql')),
  )
  for (const name of before) db.exec(readFileSync(new URL(name, FOLDER), 'utf8'))
  db.pragma(`user_version = ${before.length}`)
  const token = db.prepare(
    `insert into token (fingerprint, integration, state, first_seen_at, uses, forbidden_in_row) values (?, 'ci', ?, ?, 7, 3)`,
  )
  for (const [n, state] of ['active', 'refused', 'held', 'retired'].entries()) token.run(`fp-${n}`, state, NOW + n)
  db.exec(`
    insert into job (event_seq, mapping, mapping_hash, integration, item_index, state, head, delayed, next_attempt_at, created_at)
    values (1, 'publish', 'h', 'ci', 0, 'succeeded', 0, 0, 1, 1), (2, 'publish', 'h', 'ci', 0, 'queued', 1, 0, 1, 1)`)
  const attempt = db.prepare(`
    insert into attempt (job_seq, integration, token, boot_id, step, operation, effect, request_hash, variables, sent_at, outcome)
    values (1, 'ci', 'fp-0', 'b', 's', ?, ?, '', '{}', ?, ?)`)
  attempt.run('entries', 'read', NOW, 'applied')
  attempt.run('createEntry', 'verify', NOW, 'unknown')
  attempt.run('createEntry', 'verify', NOW + 1, 'applied')
  attempt.run('createEntry', 'verify', NOW + 2, 'applied')
  attempt.run('publishPage', 'set', NOW + 3, null)

  migrate(db)
  t.same(
    db.prepare('select fingerprint, state, first_seen_at, uses, forbidden_in_row, revoked_at from token').raw().all(),
    [
      ['fp-0', 'active', NOW, 7, 3, null],
      ['fp-1', 'refused', NOW + 1, 7, 3, null],
      ['fp-2', 'held', NOW + 2, 7, 3, null],
      ['fp-3', 'retired', NOW + 3, 7, 3, null],
    ],
  )
  t.same(db.prepare('select * from token_write').raw().all(), [['ci', 'fp-0', 'publish', 'createEntry', 2, NOW + 2]])
  t.same(db.prepare('select seq, aside from job where state = ?').raw().all('queued'), [[2, null]])
})
