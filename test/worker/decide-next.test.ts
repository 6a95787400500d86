import t from 'tap'
import type { Classified, Verdict } from '../../src/execute/classify.ts'
import type { Effect } from '../../src/store/attempts.ts'
import {
  ASKS_MAX,
  askAgainAt,
  askLaterAt,
  CONFLICTS_MAX,
  type Decision,
  decideNext,
  type Situation,
} from '../../src/worker/decide-next.ts'

const NOW = 1_800_000_000_000
const BACKOFF = { baseMs: 1_000, capMs: 60_000 }

function decide(verdict: Verdict, change: Partial<Situation> = {}, classified: Partial<Classified> = {}): Decision {
  return decideNext({
    classified: {
      outcome: 'rejected',
      verdict,
      status: null,
      code: 'CODE',
      message: 'words',
      tokenAnswer: null,
      retryAfterMs: null,
      ...classified,
    },
    effect: 'set',
    attempts: 0,
    attemptsMax: 3,
    conflicts: 0,
    backoff: BACKOFF,
    settleMs: 30_000,
    random: 0.5,
    now: NOW,
    ...change,
  })
}
const EFFECTS: readonly Effect[] = ['read', 'set', 'keyed', 'verify', 'once']

t.test('what is decided does not depend on the effect, but for an unknown outcome', async t => {
  const rows: readonly [Verdict, object][] = [
    ['applied', { state: 'running' }],
    ['retry', { state: 'queued', counts: true, reason: 'CODE', nextAttemptAt: NOW + 500 }],
    ['unauthorized', { state: 'queued', counts: false, reason: 'token_refused', nextAttemptAt: NOW }],
    ['forbidden', { state: 'dead', reason: 'forbidden' }],
    ['rate_limited', { state: 'queued', counts: false, reason: 'rate_limited' }],
    ['conflict', { state: 'queued', counts: false, conflict: true, reason: 'version_conflict', nextAttemptAt: NOW }],
    ['permanent', { state: 'dead', reason: 'rejected', message: 'words' }],
    ['schema_drift', { state: 'dead', reason: 'schema_drift' }],
  ]
  for (const [verdict, next] of rows)
    for (const effect of EFFECTS) t.match(decide(verdict, { effect }).next, next, `${verdict} of ${effect}`)
})

t.test('an unknown outcome goes by the effect', async t => {
  const rows: Record<Effect, object> = {
    read: { state: 'queued', counts: true, reason: 'answer_lost', nextAttemptAt: NOW + 500 },
    set: { state: 'queued', counts: true, reason: 'answer_lost' },
    keyed: { state: 'queued', counts: true, reason: 'answer_lost' },
    verify: { state: 'in_doubt', nextAttemptAt: NOW + 30_000, reason: 'answer_lost' },
    once: { state: 'held', reason: 'in_doubt' },
  }
  for (const effect of EFFECTS) t.match(decide('unknown', { effect }).next, rows[effect], effect)
})

t.test('a write in doubt is never given up and never simply sent again, however many attempts there were', async t => {
  for (const attempts of [0, 2, 100]) {
    t.equal(decide('unknown', { effect: 'verify', attempts }).next.state, 'in_doubt')
    t.equal(decide('unknown', { effect: 'once', attempts }).next.state, 'held')
  }
})

t.test('attempts are used up', async t => {
  t.match(decide('retry', { attempts: 1 }).next, { state: 'queued' })
  t.match(decide('retry', { attempts: 2 }).next, { state: 'dead', reason: 'attempts_used_up', message: /^3 attempts/ })
  t.match(decide('unknown', { attempts: 2 }).next, { state: 'dead', reason: 'attempts_used_up' })
})

t.test('a conflict starts over five times', async t => {
  t.match(decide('conflict', { conflicts: CONFLICTS_MAX - 1 }).next, { state: 'queued', conflict: true })
  t.match(decide('conflict', { conflicts: CONFLICTS_MAX }).next, { state: 'dead', reason: 'version_conflict' })
})

t.test('429 pauses the token as long as the API says, or by the backoff, but never for nothing', async t => {
  const said = decide('rate_limited', {}, { retryAfterMs: 7_000 })
  t.equal(said.pausedUntil, NOW + 7_000)
  t.match(said.next, { nextAttemptAt: NOW + 7_000 })
  t.equal(decide('rate_limited', { random: 0 }).pausedUntil, NOW + 1_000, 'at least the base')
  t.equal(decide('rate_limited', { attempts: 3, random: 0.99 }).pausedUntil, NOW + 7_920)
  for (const verdict of ['applied', 'retry', 'unauthorized', 'forbidden', 'conflict', 'permanent', 'unknown'] as const)
    t.equal(decide(verdict).pausedUntil, null, verdict)
})

t.test('waits stay below base × 2^n and the cap', async t => {
  for (const [attempts, ceilingMs] of [
    [0, 1_000],
    [1, 2_000],
    [5, 32_000],
    [6, 60_000],
    [90, 60_000],
  ] as const) {
    const { next } = decide('retry', { attempts, attemptsMax: 100, random: 0.999_999 })
    t.ok(next.state === 'queued' && next.nextAttemptAt - NOW <= ceilingMs, `${attempts}`)
    t.ok(next.state === 'queued' && next.nextAttemptAt - NOW > ceilingMs - 2, `${attempts}`)
  }
})

t.test('the API is asked three times with growing gaps before a write is sent again', async t => {
  const at = [1, 2, 3].map(asked => askAgainAt({ asked, settleMs: 100, now: NOW }))
  t.strictSame(at, [NOW + 200, NOW + 400, null])
  t.equal(ASKS_MAX, 3)
})

t.test('an API that cannot be asked is asked later, never sooner than it settles, and then a person is', async t => {
  const later = (failures: number): number | null =>
    askLaterAt({ failures, attemptsMax: 4, settleMs: 30_000, backoff: BACKOFF, random: 0.5, now: NOW })
  t.equal(later(1), NOW + 30_000)
  t.equal(later(4), null)
})

t.test('what a revocation ended costs no attempt, also not the last one; doubt stays doubt', async t => {
  const last = { attempts: 2, isRevoked: true }
  const back = { state: 'queued', counts: false, reason: 'token_revoked', nextAttemptAt: NOW }
  t.match(decide('retry', last).next, back)
  for (const effect of ['read', 'set', 'keyed'] as const)
    t.match(decide('unknown', { ...last, effect }).next, back, effect)
  t.match(decide('unknown', { ...last, effect: 'verify' }).next, { state: 'in_doubt' })
  t.match(decide('unknown', { ...last, effect: 'once' }).next, { state: 'held', reason: 'in_doubt' })
  t.match(decide('applied', last).next, { state: 'running' }, 'an answer that came is an answer')
})
