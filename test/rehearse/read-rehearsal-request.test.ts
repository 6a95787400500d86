import t from 'tap'
import { readRehearsalRequest } from '../../src/rehearse/read-rehearsal-request.ts'

const NOW = 1_800_000_000_000
const mappings = new Map([['publish', {}]])
const read = (body: unknown) => readRehearsalRequest(body, mappings, NOW)

t.test('since is a duration or an instant', async t => {
  t.strictSame(read({ since: '7d' }), { sinceAt: NOW - 7 * 86_400_000, mapping: null, eventsMax: 100_000 })
  t.equal(read({ since: '2026-11-24T00:00:00Z' }).sinceAt, Date.UTC(2026, 10, 24))
  t.equal(read({ since: '2026-11-24T01:00:00.5+01:00' }).sinceAt, Date.UTC(2026, 10, 24) + 500)
  t.match(read({ since: '1h', mapping: 'publish', limit: 5 }), { mapping: 'publish', eventsMax: 5 })
})

t.test('a request that is not one is refused by key and expectation, without what was sent', async t => {
  const CANARY = 'canary-in-a-request'
  for (const [body, message] of [
    [null, /^expected a JSON object with "since"/],
    [{}, /^since: expected a duration such as "7d"/],
    [{ since: CANARY }, /^since: expected/],
    [{ since: 7 }, /^since: expected/],
    [{ since: '2026-11-24' }, /^since: expected/],
    [{ since: '2026-99-24T00:00:00Z' }, /^since: expected/],
    [{ since: '7d', mapping: CANARY }, /^mapping: expected the name of a mapping in force$/],
    [{ since: '7d', limit: 0 }, /^limit: expected a whole number from 1 to 1000000$/],
    [{ since: '7d', limit: 1_000_001 }, /^limit: expected/],
    [{ since: '7d', [CANARY]: 1 }, /^expected a JSON object/],
  ] as const) {
    t.throws(() => read(body), { code: 'invalid_request', message })
    try {
      read(body)
    } catch (error) {
      t.notMatch(String(error), /canary/)
    }
  }
})
