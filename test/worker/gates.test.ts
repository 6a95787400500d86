import t from 'tap'
import type { Config } from '../../src/config/load-config.ts'
import type { IntegrationConfig } from '../../src/config/read-integration.ts'
import { fingerprintToken } from '../../src/ledger/fingerprint.ts'
import type { IntegrationState } from '../../src/store/tokens.ts'
import { createGates } from '../../src/worker/gates.ts'

const NOW = 1_800_000_000_000
const TOKEN = 'token-of-ci-0123456789'

function configOf(concurrencyMax: number, token = TOKEN): Config {
  const integration = { name: 'ci', token, concurrencyMax } as IntegrationConfig
  return { integrations: new Map([['ci', integration]]) } as unknown as Config
}
function stateOf(change: Partial<IntegrationState> = {}): IntegrationState {
  return {
    integration: 'ci',
    token: fingerprintToken(TOKEN),
    state: 'active',
    purpose: null,
    owner: null,
    pausedUntil: null,
    probedAt: null,
    revokedAt: null,
    firstSeenAt: NOW,
    lastUsedAt: null,
    uses: 0,
    lastAnswer: null,
    ...change,
  }
}
const IDLE = new Map<string, number>()
/** Circuits that let everything through. */
const OPEN = { maxOf: () => null }

t.test('nothing is worked for before the ledger was read', async t => {
  t.strictSame(createGates(OPEN).room(configOf(4), IDLE, NOW), [])
})

t.test('an active token leaves room for as many jobs as are not yet running', async t => {
  const gates = createGates(OPEN)
  gates.refresh(configOf(4), [stateOf()])
  t.strictSame(gates.room(configOf(4), IDLE, NOW), [{ integration: 'ci', max: 4 }])
  t.strictSame(gates.room(configOf(4), new Map([['ci', 3]]), NOW), [{ integration: 'ci', max: 1 }])
  t.strictSame(gates.room(configOf(4), new Map([['ci', 4]]), NOW), [])
})

t.test('a token that is refused, held, retired, revoked, paused or another closes the gate', async t => {
  for (const change of [
    { state: 'refused' },
    { state: 'held' },
    { state: 'retiring' },
    { state: 'retired' },
    { state: 'revoked' },
    { pausedUntil: NOW + 1 },
    { token: fingerprintToken('another') },
  ] as const) {
    const gates = createGates(OPEN)
    gates.refresh(configOf(4), [stateOf(change)])
    t.strictSame(gates.room(configOf(4), IDLE, NOW), [], JSON.stringify(change))
  }
  const gates = createGates(OPEN)
  gates.refresh(configOf(4), [stateOf({ pausedUntil: NOW })])
  t.equal(gates.room(configOf(4), IDLE, NOW).length, 1, 'a pause that is over')
})

t.test('a cap closes the gate until an instant', async t => {
  const gates = createGates(OPEN)
  gates.refresh(configOf(1), [stateOf()])
  gates.closeUntil('ci', NOW + 10)
  t.strictSame(gates.room(configOf(1), IDLE, NOW + 9), [])
  t.equal(gates.room(configOf(1), IDLE, NOW + 10).length, 1)
})

t.test('a refused token is to be probed when it was not for long enough', async t => {
  const gates = createGates(OPEN)
  gates.refresh(configOf(1), [stateOf({ state: 'refused', probedAt: NOW })])
  t.equal(gates.findRefused(NOW).length, 0)
  t.equal(gates.findRefused(NOW + 1).length, 1)
  gates.refresh(configOf(1), [stateOf({ state: 'active' })])
  t.equal(gates.findRefused(NOW + 1).length, 0)
})

t.test('a circuit leaves no room while it is open, and room for one job when it is half open', async t => {
  let max: number | null = 0
  const gates = createGates({ maxOf: () => max })
  gates.refresh(configOf(4), [stateOf()])
  t.strictSame(gates.room(configOf(4), IDLE, NOW), [])
  max = 1
  t.strictSame(gates.room(configOf(4), IDLE, NOW), [{ integration: 'ci', max: 1 }])
  t.strictSame(gates.room(configOf(4), new Map([['ci', 1]]), NOW), [], 'the one is on its way')
})
