import t from 'tap'
import type { z } from 'zod'
import { statsAnswer } from '../../../src/admin/state-answers.ts'
import { ADMIN_KEY, getApi } from '../../fixtures/call-api.ts'
import { callClient } from '../../fixtures/call-client.ts'
import { sendRefused } from '../../fixtures/send-refused.ts'
import { waitFor } from '../../fixtures/start-test-bridge.ts'
import { emit, startWorkerBridge } from '../../fixtures/start-worker-bridge.ts'

type Stats = z.output<typeof statsAnswer>
const env = { BRIDGE_ADMIN_KEY: ADMIN_KEY }
const bridge = await startWorkerBridge(t, { env })
const find = <T extends { name: string }>(lines: readonly T[], name: string): T =>
  lines.find(line => line.name === name)!

t.test('every source, mapping and integration in force has its line, also where nothing happened', async t => {
  const { body } = await getApi<Stats>(bridge, 'stats')
  t.ok(statsAnswer.safeParse(body).success)
  const { config, mappings } = bridge.bridge.live.setup
  const namesOf = (lines: readonly { name: string }[]): string[] => lines.map(({ name }) => name)
  t.strictSame(namesOf(body.sources), [...config.sources.keys()].sort())
  t.strictSame(namesOf(body.mappings), [...mappings.keys()].sort())
  t.strictSame(namesOf(body.integrations), [...config.integrations.keys()].sort())
  t.match(find(body.sources, 'github'), { counts: {}, lastMinute: 0, answer: null, waiting: 0, oldestJobAt: null })
})

t.test('what was done is counted, with how often and how long', async t => {
  await bridge.job(await emit(bridge, 'publish'), 'succeeded')
  await bridge.deliver('open', { n: 1 }, { headers: { 'idempotency-key': 'once' } })
  await sendRefused(bridge, 'github', 'nobody-knows-this-0123456789', { n: 1 }, { type: 'push' })
  const body = await waitFor('the answers to be counted', async () => {
    const { body } = await getApi<Stats>(bridge, 'stats')
    return find(body.sources, 'github').counts.rejected === 1 ? body : null
  })
  const open = find(body.sources, 'open')
  t.match(open, { counts: { recorded: 2 }, lastMinute: 2, lastHour: 2, lastDay: 2, answer: { count: 2 } })
  t.ok(open.answer!.p50Ms > 0 && open.answer!.p99Ms >= open.answer!.p50Ms)
  t.match(find(body.sources, 'github'), { rejected: { signature_mismatch: 1 } })
  const publish = find(body.mappings, 'publish')
  t.match(publish, { source: 'open', counts: { made: 1, succeeded: 1 }, lastHour: 1, done: { count: 1 }, waiting: 0 })
  t.match(find(body.integrations, 'ci'), { counts: { applied: 2 }, attempt: { count: 2 } })
})

t.test('what waits or is dead stands with its mapping, source and integration', async t => {
  await bridge.job(await emit(bridge, 'set', { key: 'k', entry: 'ent_nobody', price: 1 }), 'dead')
  const { body } = await getApi<Stats>(bridge, 'stats')
  for (const line of [find(body.mappings, 'set'), find(body.sources, 'open'), find(body.integrations, 'ci')])
    t.match(line, { dead: 1, waiting: 0 })
  t.match(find(body.mappings, 'set'), { counts: { made: 1, dead: 1 }, lastHour: 0, done: null })
  t.match(body, { jobs: { dead: 1 }, cut: [], oldestJobAt: null })
})

t.test('"stats" prints it as tables; --json as the API gives it', async t => {
  const { code, out } = await callClient(t, bridge.url, ['stats'])
  t.equal(code, 0)
  t.match(out, /^open jobs +0\n/)
  t.match(out, /^source +last min +hour +day +answer p50 \/ p99 ms +open +dead +oldest +counts$/m)
  t.match(out, /^open +\d+ +\d+ +\d+ +[\d.]+ \/ [\d.]+ +0 +1 +recorded \d+$/m)
  t.match(out, /^mapping +last min/m)
  t.match(out, /^integration +last min/m)
  const json = await callClient(t, bridge.url, ['stats', '--json'])
  t.ok(statsAnswer.safeParse(JSON.parse(json.out)).success)
})
