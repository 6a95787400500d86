import t from 'tap'
import type { Config } from '../../src/config/load-config.ts'
import { type Circuit, CLOSED, isFailure, noteOutcome, passTime } from '../../src/worker/circuit.ts'
import { type CircuitChange, createCircuits } from '../../src/worker/circuits.ts'

const NOW = 1_800_000_000_000
const RULES = { failureRatio: 0.5, attemptsMin: 4, windowMs: 1_000, openMs: 500 }
/** Puts outcomes into a circuit, one ms after another; `x` = a failure, `.` = an answer. */
function run(outcomes: string, circuit: Circuit = CLOSED, at = NOW): Circuit {
  return [...outcomes].reduce<Circuit>(
    (before, mark, n) => noteOutcome(before, { at: at + n, failed: mark === 'x' }, RULES),
    circuit,
  )
}

t.test('it opens where the share of failures among the last attempts is reached, and not before', async t => {
  for (const [outcomes, state] of [
    ['xxx', 'closed'],
    ['xxxx', 'open'],
    ['..xx', 'open'],
    ['...x', 'closed'],
    ['xx..', 'closed'],
    ['xx..x', 'open'],

    ['....xx', 'open'],
    ['....x.x', 'open'],
    ['....x...x', 'closed'],
    ['....................', 'closed'],
  ] as const)
    t.equal(run(outcomes).state, state, outcomes)
  t.match(run('.xxx'), { state: 'open', openedAt: NOW + 3, until: NOW + 503, failures: 3 })
})

t.test('failures of long ago do not count', async t => {
  const before = run('xxx')
  t.equal(noteOutcome(before, { at: NOW + 900, failed: true }, RULES).state, 'open')
  t.equal(noteOutcome(before, { at: NOW + 1_002, failed: true }, RULES).state, 'closed')
})

t.test('it keeps no more outcomes than it looks at', async t => {
  const circuit = run('.'.repeat(100))
  t.equal(circuit.state === 'closed' && circuit.outcomes.length, RULES.attemptsMin)
})

t.test('while it is open nothing that ends changes it; when its time is over, one attempt decides', async t => {
  const open = run('xxxx')
  t.equal(run('....', open), open)
  t.equal(passTime(open, NOW + 502), open)
  const half = passTime(open, NOW + 503)
  t.same(half, { state: 'half_open', openedAt: NOW + 3 })
  t.equal(passTime(half, NOW + 9_999), half, 'it waits for an attempt, however long')
  t.same(run('.', half, NOW + 600), CLOSED)
  t.match(run('x', half, NOW + 600), { state: 'open', openedAt: NOW + 3, until: NOW + 1_100 })
})

t.test('what was not reached, failed or did not answer is a failure; what was refused is an answer', async t => {
  for (const [outcome, code, failed] of [
    ['not_sent', 'refused', true],
    ['not_sent', 'dns', true],
    ['not_sent', 'local', null],
    ['unknown', 'http_503', true],
    ['unknown', 'deadline', true],
    ['unknown', 'reset', true],
    ['unknown', 'invalid_answer', true],
    ['unknown', 'no_data', false],
    ['unknown', 'success_unclear', false],
    ['unknown', 'oversize', false],
    ['rejected', 'http_401', false],
    ['rejected', 'http_429', false],
    ['rejected', 'BAD_USER_INPUT', false],
    ['applied', null, false],
  ] as const)
    t.equal(isFailure({ outcome, code }), failed, `${outcome} ${code}`)
})

t.test('each integration has a circuit of its own, and every change of state is told once', async t => {
  const changes: CircuitChange[] = []
  const circuits = createCircuits(change => changes.push(change))
  const config = {
    integrations: new Map([
      ['ci', { circuit: RULES }],
      ['shop', { circuit: RULES }],
      ['off', { circuit: null }],
    ]),
  } as unknown as Config
  for (let n = 0; n < 6; n++) for (const name of ['ci', 'off']) circuits.note(config, name, true, NOW + n)
  const rooms = (at: number) => ['ci', 'shop', 'off'].map(name => circuits.maxOf(config, name, at))
  t.strictSame(rooms(NOW + 10), [0, null, null])
  t.strictSame(rooms(NOW + 503), [1, null, null])
  circuits.note(config, 'ci', false, NOW + 504)
  t.strictSame(rooms(NOW + 505), [null, null, null])
  t.strictSame(
    changes.map(({ integration, from, to }) => `${integration}: ${from} > ${to.state}`),
    ['ci: closed > open', 'ci: open > half_open', 'ci: half_open > closed'],
  )
})

t.test('switched off by a reload, an open circuit closes', async t => {
  const circuits = createCircuits(() => {})
  const configOf = (circuit: object | null) => ({ integrations: new Map([['ci', { circuit }]]) }) as unknown as Config
  for (let n = 0; n < 4; n++) circuits.note(configOf(RULES), 'ci', true, NOW)
  t.equal(circuits.maxOf(configOf(RULES), 'ci', NOW), 0)
  t.equal(circuits.maxOf(configOf(null), 'ci', NOW), null)
  t.equal(circuits.read('ci').state, 'closed')
})
