import t from 'tap'
import { findTokenWarnings, rotateBy, UNUSED_MS } from '../../src/ledger/find-token-warnings.ts'
import type { IntegrationState } from '../../src/store/tokens.ts'

const NOW = 1_800_000_000_000
const DAY_MS = 86_400_000
const configured = { token: 'aa', rotateAfterMs: 180 * DAY_MS }
function stateOf(change: Partial<IntegrationState> = {}): IntegrationState {
  return {
    integration: 'ci',
    token: 'aa',
    state: 'active',
    purpose: null,
    owner: null,
    pausedUntil: null,
    probedAt: null,
    revokedAt: null,
    firstSeenAt: NOW - DAY_MS,
    lastUsedAt: NOW,
    uses: 1,
    lastAnswer: 'ok',
    ...change,
  }
}
const warningsOf = (change: Partial<IntegrationState>, others = ['aa', 'bb']) =>
  findTokenWarnings(stateOf(change), configured, others, NOW)

t.test('a token in order has no warning', async t => {
  t.strictSame(warningsOf({}), [])
})

t.test('it is due for rotation at its age, and never where none is configured', async t => {
  const firstSeenAt = NOW - 180 * DAY_MS
  t.strictSame(warningsOf({ firstSeenAt: firstSeenAt + 1 }), [])
  t.strictSame(warningsOf({ firstSeenAt }), ['rotation_due'])
  t.equal(rotateBy(stateOf({ firstSeenAt }), configured), NOW)
  const never = { ...configured, rotateAfterMs: null }
  t.strictSame(findTokenWarnings(stateOf({ firstSeenAt: 0 }), never, ['aa'], NOW), [])
  t.equal(rotateBy(stateOf(), never), null)
})

t.test('two integrations with one token both say so', async t => {
  t.strictSame(warningsOf({}, ['aa', 'aa', 'bb']), ['shared'])
})

t.test('unused for 90 days, from its last use, or from when it was first seen', async t => {
  t.strictSame(warningsOf({ lastUsedAt: NOW - UNUSED_MS }), [])
  t.strictSame(warningsOf({ lastUsedAt: NOW - UNUSED_MS - 1 }), ['unused'])
  t.strictSame(warningsOf({ lastUsedAt: null }), [])
  t.strictSame(warningsOf({ lastUsedAt: null, firstSeenAt: NOW - UNUSED_MS - 1 }), ['unused'])
})

t.test('one that stops the work says how', async t => {
  for (const state of ['refused', 'held', 'revoked'] as const) t.strictSame(warningsOf({ state }), [state])
})

t.test('of one that is configured no more nothing is said', async t => {
  const old = stateOf({ token: 'old', state: 'retired', firstSeenAt: 0, lastUsedAt: 0 })
  t.strictSame(findTokenWarnings(old, configured, ['aa'], NOW), [])
  t.strictSame(findTokenWarnings(old, undefined, [], NOW), [])
  t.equal(rotateBy(old, configured), null)
})
