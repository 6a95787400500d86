import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { checkAudit } from '../../src/doctor/check-audit.ts'
import { checkClock } from '../../src/doctor/check-clock.ts'
import { checkDisk, checkPermissions } from '../../src/doctor/check-files.ts'
import { checkContents, checkInvariants, checkPragmas, checkSchema } from '../../src/doctor/check-store.ts'
import { checkLibraries, checkNode, isAtLeast, readLibraries } from '../../src/doctor/check-versions.ts'
import { checkBacklog, checkStopped, checkTokens } from '../../src/doctor/check-work.ts'
import { fingerprintToken } from '../../src/ledger/fingerprint.ts'
import type { StoreExam, StoreInspection } from '../../src/store/exam.ts'

t.test('versions are compared as numbers', async t => {
  t.ok(isAtLeast('3.51.3', '3.51.3'))
  t.ok(isAtLeast('3.100.0', '3.51.3'))
  t.notOk(isAtLeast('3.51.2', '3.51.3'))
  t.notOk(isAtLeast('2.99.99', '3.0.0'))
})

t.test('a Node with known holes is named', async t => {
  t.equal(checkNode('24.14.1').status, 'ok')
  t.equal(checkNode('26.0.0').status, 'ok')
  t.match(checkNode('24.14.0'), { status: 'warning', todo: /24\.14\.1/ })
  t.match(checkNode('22.19.0'), { status: 'warning', todo: /22\.22\.2/ })
  t.equal(checkNode('23.11.0').status, 'warning', 'a release line that gets no fixes')
})

t.test('a library below its floor is a failure, and those installed are above', async t => {
  t.match(checkLibraries(readLibraries(), '3.51.3'), { status: 'ok', found: /fastify \d+\.\d+\.\d+, undici \d/ })
  const old = checkLibraries({ ...readLibraries(), undici: '8.9.0', jose: null }, '3.50.0')
  t.match(old, { status: 'failed', found: 'undici 8.9.0, jose missing, sqlite 3.50.0', todo: /undici 8\.10\.2/ })
})

t.test('what others could read is named, whatever the umask', async t => {
  const folder = join(t.testdir(), 'data')
  mkdirSync(folder, { mode: 0o700 })
  const [store, env] = [join(folder, 'bridge.db'), join(folder, '.env')]
  for (const file of [store, `${store}-wal`, env]) writeFileSync(file, '', { mode: 0o600 })
  t.match(checkPermissions(store, env), { status: 'ok', found: /2 files/ })
  for (const [path, mode, shown] of [
    [`${store}-wal`, 0o640, '640'],
    [env, 0o604, '604'],
    [folder, 0o710, '710'],
  ] as const) {
    chmodSync(path, mode)
    const { status, found, todo } = checkPermissions(store, env)
    t.equal(status, 'failed', path)
    t.equal(found, `${path} is ${shown}`)
    t.equal(todo, `close them: chmod go-rwx ${path}`)
    chmodSync(path, path === folder ? 0o700 : 0o600)
  }
})

t.test('a disk below the mark is a failure, one near it a warning', async t => {
  const file = join(t.testdir({ 'bridge.db': 'x' }), 'bridge.db')
  t.equal(checkDisk(file, 1).status, 'ok')
  t.match(checkDisk(file, 1e18), { status: 'failed', todo: /nothing is recorded/ })
  const free = Number(/^(\d+) MiB/.exec(checkDisk(file, 1).found)![1]) * 1_048_576
  t.equal(checkDisk(file, Math.floor(free / 2)).status, 'warning')
})

t.test('a clock that is wrong, was set, or cannot be compared is told apart', async t => {
  const right = { now: 1e12, steadyNow: 1e12, endpointNow: 1e12, newestEventAt: null }
  t.equal(checkClock(right).status, 'ok')
  t.match(checkClock({ ...right, endpointNow: 1e12 - 60_000 }), { status: 'warning', found: /^60 s apart/ })
  t.match(checkClock({ ...right, endpointNow: 1e12 + 600_000 }), { status: 'failed', found: /^-600 s apart/ })
  t.match(checkClock({ ...right, endpointNow: null }), { status: 'warning', found: /did not say/ })
  t.match(checkClock({ ...right, steadyNow: 1e12 - 3_600_000 }), {
    status: 'warning',
    found: 'set by 3600 s since the process began',
  })
  t.match(checkClock({ ...right, newestEventAt: 1e12 + 60_000 }), {
    status: 'failed',
    found: /newest event is of 60 s from now/,
  })
})

const inspection: StoreInspection = {
  sqliteVersion: '3.51.3',
  pragmas: { journal_mode: 'wal', synchronous: 2, foreign_keys: 1, auto_vacuum: 2 },
  gauge: { openJobs: 3, routedSeq: 5, lastSeq: 6 },
  rows: { openJobs: 3, routedSeq: 5, lastSeq: 6 },
}
const exam: StoreExam = {
  integrity: 'ok',
  jobsWithoutEvent: 0,
  keysWithoutHead: 0,
  strayHeads: 0,
  strayAttempts: 0,
  leaseOwners: 1,
  blocksRead: 4,
  unreadable: [],
  newestEventAt: null,
}

t.test('settings that lose answered deliveries are a failure', async t => {
  t.equal(checkPragmas(inspection).status, 'ok')
  const lax = { ...inspection, pragmas: { ...inspection.pragmas, synchronous: 1 } }
  t.match(checkPragmas(lax), { status: 'failed', found: 'synchronous is 1, expected 2' })
})

t.test('a damaged file and payloads that cannot be read are failures', async t => {
  t.same(
    checkContents(exam).map(({ status }) => status),
    ['ok', 'ok'],
  )
  t.match(checkContents({ ...exam, integrity: 'row 3 missing from index', unreadable: [7, 9] }), [
    { status: 'failed', found: 'row 3 missing from index' },
    { status: 'failed', found: 'the payloads of events 7, 9 cannot be read back' },
  ])
})

t.test('every invariant that does not hold is counted', async t => {
  t.equal(checkInvariants(exam, inspection, true).status, 'ok')
  for (const [change, found] of [
    [{ jobsWithoutEvent: 2 }, '2 jobs without an event'],
    [{ keysWithoutHead: 1 }, /^1 order keys/],
    [{ strayHeads: 1 }, /^1 jobs that stand/],
    [{ strayAttempts: 4 }, /^4 requests without/],
    [{ leaseOwners: 2 }, /^1 other processes/],
  ] as const)
    t.match(checkInvariants({ ...exam, ...change }, inspection, true), { status: 'failed', found })
  t.equal(checkInvariants({ ...exam, leaseOwners: 2 }, inspection, false).status, 'ok', 'what a death leaves behind')
  const off = { ...inspection, gauge: { ...inspection.gauge, openJobs: 5 } }
  t.match(checkInvariants(exam, off, true), { status: 'failed', found: '2 off in openJobs' })
})

t.test('an older schema is brought up to date by a start, a newer one needs an upgrade', async t => {
  t.equal(checkSchema(6, 6), null)
  t.match(checkSchema(5, 6), { status: 'warning', todo: /back up, then start/ })
  t.match(checkSchema(7, 6), { status: 'failed', todo: 'upgrade the bridge' })
})

t.test('a backlog is seen before it is full, and routing that does not keep up', async t => {
  const backlog = { openJobs: 5, unroutedEvents: 0, oldestUnroutedAt: null, routedSeq: 1, lastSeq: 1 }
  t.equal(checkBacklog(backlog, 100, 0).status, 'ok')
  t.equal(checkBacklog({ ...backlog, openJobs: 80 }, 100, 0).status, 'warning')
  t.match(checkBacklog({ ...backlog, openJobs: 100 }, 100, 0), { status: 'failed', todo: /deliveries are refused/ })
  const late = { ...backlog, unroutedEvents: 3, oldestUnroutedAt: 1_000 }
  t.match(checkBacklog(late, 100, 91_000), {
    status: 'warning',
    found: /3 events not yet routed, the oldest of them for 90 s/,
  })
  t.equal(checkBacklog(late, 100, 2_000).status, 'ok')
})

t.test('what needs a person is a warning, a token that is stopped a failure', async t => {
  t.equal(checkStopped({ queued: 9, in_doubt: 1 }).status, 'ok')
  t.match(checkStopped({ held: 2, dead: 1 }), { status: 'warning', found: '2 jobs held, 1 dead, 0 in doubt' })
  const secret = 'a-token-of-24-characters'
  const token = (integration: string, state: 'active' | 'refused' | 'revoked', of = secret) => ({
    integration,
    state,
    token: fingerprintToken(of),
    purpose: null,
    owner: null,
    revokedAt: null,
    pausedUntil: null,
    probedAt: null,
    firstSeenAt: 1_000,
    lastUsedAt: null,
    uses: 0,
    lastAnswer: null,
  })
  const configured = new Map([['ci', { token: secret, rotateAfterMs: 500 }]])
  const others = [token('ci', 'revoked', 'one-that-was-in-force-before'), token('gone', 'refused')]
  t.equal(checkTokens([token('ci', 'active'), ...others], configured, 1_400).status, 'ok')
  t.match(checkTokens([token('ci', 'active')], configured, 1_500), {
    status: 'warning',
    found: /older than rotateAfter: "ci"/,
  })
  for (const state of ['refused', 'revoked'] as const)
    t.match(checkTokens([token('ci', state)], configured, 0), { status: 'failed', found: new RegExp(`"ci".*${state}`) })
})

t.test('an audit that was changed fails, and says at which row', async t => {
  const verdict = {
    ok: true,
    problem: null,
    rows: 12,
    fromSeq: 1,
    throughSeq: 12,
    prunedThroughSeq: 0,
    checkpoints: 1,
    anchors: 1,
    signedThroughSeq: 10,
    unanchored: 0,
    restores: [],
    keys: [],
  }
  t.match(checkAudit(verdict), { status: 'ok', found: '12 rows are as they were written, signed up to row 10' })
  const problem = { seq: 7, code: 'row_changed' as const, message: 'row 7 is not as it was written' }
  t.match(checkAudit({ ...verdict, ok: false, problem }), { status: 'failed', found: /row 7/ })
})
