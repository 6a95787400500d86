import pino from 'pino'
import t, { type Test } from 'tap'
import { createAgents } from '../../src/execute/agents.ts'
import { fingerprintToken } from '../../src/ledger/fingerprint.ts'
import { createActivity } from '../../src/metrics/activity.ts'
import { loadSetup } from '../../src/setup/load-setup.ts'
import type { Pause } from '../../src/store/pauses.ts'
import type { Store } from '../../src/store/store.ts'
import type { IntegrationState, ProbeResult } from '../../src/store/tokens.ts'
import { createCircuits } from '../../src/worker/circuits.ts'
import { createGates } from '../../src/worker/gates.ts'
import { probeRefused } from '../../src/worker/probe-refused.ts'
import type { WorkContext } from '../../src/worker/work-context.ts'
import { EDITOR, openSandbox } from '../fixtures/call-sandbox.ts'
import { makeBridgeFolder } from '../fixtures/start-test-bridge.ts'

const MINUTE_MS = 60_000
const REFUSED_AT = 1_800_000_000_000

async function setUp(t: Test, endpoint: string) {
  const folder = makeBridgeFolder(t, { endpoint })
  const loaded = await loadSetup({ cwd: folder.path, env: {} })
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems))
  const { setup } = loaded
  const recorded: ProbeResult[] = []
  const pauses: Pause[] = []
  const agents = createAgents()
  t.teardown(() => agents.close())
  const circuits = createCircuits(() => {})
  const gates = createGates(circuits)
  const clock = { now: REFUSED_AT }
  const state: IntegrationState = {
    integration: 'ci',
    token: fingerprintToken(EDITOR),
    state: 'refused',
    purpose: null,
    owner: null,
    pausedUntil: null,
    probedAt: null,
    revokedAt: null,
    firstSeenAt: REFUSED_AT,
    lastUsedAt: REFUSED_AT,
    uses: 1,
    lastAnswer: 'unauthorized',
  }
  gates.refresh(setup.config, [state])
  let gateChanges = 0
  const context: WorkContext = {
    bootId: 'boot',
    live: { setup, problems: [] },
    store: {
      recordProbe: async (probe: ProbeResult) => void recorded.push(probe),
      readPauses: async () => pauses,
    } as unknown as Store,
    agents,
    gates,
    circuits,
    log: pino({ level: 'silent' }),
    activity: createActivity(REFUSED_AT),
    now: () => clock.now,
    random: () => 0,
    sleep: async () => {},
    stopping: () => false,
    onGateChange: () => {
      gateChanges++
    },
  }
  return { context, recorded, pauses, clock, gates, state, config: setup.config, changes: () => gateChanges }
}

t.test('a refused token is probed once in five minutes, by a query that changes nothing', async t => {
  const sandbox = await openSandbox(t)
  const { context, recorded, clock, gates, state, config, changes } = await setUp(t, sandbox.url)
  clock.now = REFUSED_AT + 5 * MINUTE_MS - 1
  await probeRefused(context)
  t.equal(sandbox.readLedger().entries.length, 0, 'not before')

  clock.now = REFUSED_AT + 5 * MINUTE_MS + 1
  await probeRefused(context)
  const [seen] = sandbox.readLedger().entries
  t.match(seen, { operationName: 'projects', mutation: false, tokenName: 'editor' })
  t.match(recorded, [{ integration: 'ci', token: fingerprintToken(EDITOR), answer: 'ok', now: clock.now }])
  t.equal(changes(), 1, 'and the ledger is read again at once')

  gates.refresh(config, [{ ...state, probedAt: clock.now }])
  clock.now += 5 * MINUTE_MS - 1
  await probeRefused(context)
  t.equal(sandbox.readLedger().entries.length, 1, 'five minutes after the last probe, not after the refusal')
})

t.test(
  'a token that is still refused is noted as such; an API that cannot be reached says nothing, and is not asked more often',
  async t => {
    const sandbox = await openSandbox(t, { tokens: [] })
    const refused = await setUp(t, sandbox.url)
    refused.clock.now += 6 * MINUTE_MS
    await probeRefused(refused.context)
    t.match(refused.recorded, [{ answer: 'unauthorized' }])

    const unreachable = await setUp(t, 'http://127.0.0.1:9/graphql')
    unreachable.clock.now += 6 * MINUTE_MS
    await probeRefused(unreachable.context)
    t.match(unreachable.recorded, [{ answer: null, pausedUntil: null, now: unreachable.clock.now }])
  },
)

t.test('a probe waits as long as the API asked to', async t => {
  const sandbox = await openSandbox(t)
  const { context, recorded, clock, gates, state, config } = await setUp(t, sandbox.url)
  sandbox.addFault({ kind: 'rate-limit', retryAfter: 1_800 })
  clock.now += 6 * MINUTE_MS
  await probeRefused(context)
  const pausedUntil = clock.now + 30 * MINUTE_MS
  t.match(recorded, [{ answer: 'rate_limited', pausedUntil }])

  gates.refresh(config, [{ ...state, probedAt: clock.now, pausedUntil }])
  clock.now = pausedUntil - 1
  await probeRefused(context)
  t.equal(sandbox.readLedger().entries.length, 1, 'not before')
  clock.now = pausedUntil
  await probeRefused(context)
  t.equal(sandbox.readLedger().entries.length, 2)
})
