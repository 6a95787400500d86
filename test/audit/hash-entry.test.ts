import t from 'tap'
import { type AuditRow, hashEntry, NO_HASH } from '../../src/audit/hash-entry.ts'

const row: AuditRow = {
  seq: 1,
  at: 1_700_000_000_000,
  actor: 'admin:ops',
  action: 'job.retried',
  source: null,
  integration: 'ci',
  mapping: 'publish',
  eventSeq: 3,
  jobSeq: 4,
  target: null,
  detail: '{"from":"dead"}',
  payloadHash: null,
}

t.test('a change of any value of a row changes its hash, and so does another row before it', async t => {
  const hashes = [
    hashEntry(NO_HASH, row),
    hashEntry('1'.repeat(64), row),
    ...Object.keys(row).map(name => hashEntry(NO_HASH, { ...row, [name]: name === 'seq' ? 2 : 'other' })),
  ]
  t.equal(new Set(hashes).size, 14)
  t.ok(hashes.every(hash => /^[0-9a-f]{64}$/.test(hash)))
})

t.test('text cannot move from one value of a row to the next', async t => {
  const moved = [
    { ...row, actor: 'admin:opsjob', action: '.retried' },
    { ...row, integration: 'cip', mapping: 'ublish' },
    { ...row, integration: 'ci","publish', mapping: null },
  ]
  for (const other of moved) t.notSame(hashEntry(NO_HASH, other), hashEntry(NO_HASH, row))
})
