import { randomUUID } from 'node:crypto'
import { Agent } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import type { FaultInput } from '../../src/pixelesq/sandbox/faults.ts'
import { checkRun, type SentDelivery } from '../fixtures/crash/check-run.ts'
import type { Flow } from '../fixtures/crash/crash-config.ts'
import { openRun } from '../fixtures/crash/open-run.ts'
import { createRandom } from '../fixtures/crash/random.ts'
import { type Answer, makeBody, post } from '../fixtures/crash/sender.ts'
import { type Relay, startRelay } from '../fixtures/crash/start-relay.ts'

const IDS = 50
const COPIES = 100
const CONNECTIONS = 20
const FLOWS: readonly Flow[] = ['set', 'verify', 'once', 'keyed']

t.test('a delivery that comes 100 times at once is one event, with one effect and one answer', async t => {
  const run = await openRun(t)
  const child = await run.startUp()
  const agents = Array.from({ length: 4 }, () => new Agent({ keepAlive: true, maxSockets: CONNECTIONS / 4 }))
  t.teardown(() => {
    for (const agent of agents) agent.destroy()
  })

  const deliveries: (SentDelivery & { statuses: number[]; outcomes: Map<string, number> })[] = []
  const answers: Promise<void>[] = []
  for (let n = 0; n < IDS; n++) {
    const flows = [FLOWS[n % FLOWS.length]!]
    const id = randomUUID()
    const { body, type, entry } = makeBody(n + 1, flows)
    const acknowledged: string[] = []
    const delivery: (typeof deliveries)[number] = {
      id,
      number: n + 1,
      flows,
      entry,
      acknowledged,
      statuses: [],
      outcomes: new Map(),
    }
    deliveries.push(delivery)
    const note = ({ status, body }: Answer): void => {
      delivery.statuses.push(status)
      acknowledged.push(body.eventId!)
      delivery.outcomes.set(body.outcome!, (delivery.outcomes.get(body.outcome!) ?? 0) + 1)
    }
    for (let copy = 0; copy < COPIES; copy++)
      answers.push(post(agents[copy % agents.length]!, child.url, { body, id, type }).then(note))
  }
  await Promise.all(answers)
  t.equal(deliveries.flatMap(delivery => delivery.statuses).filter(status => status === 200).length, IDS * COPIES)
  for (const { outcomes, acknowledged } of deliveries) {
    t.same([...outcomes].sort(), [
      ['duplicate', COPIES - 1],
      ['recorded', 1],
    ])
    t.equal(new Set(acknowledged).size, 1, 'every answer names the same event')
  }
  t.ok(await run.untilSettled([], 30_000))
  t.match(await run.stop(child), { code: 0 })
  const { run: seen } = run.judge()
  t.equal(seen.events.length, IDS)
  t.equal(
    seen.requests.reduce((sum, request) => sum + request.effects, 0),
    IDS,
  )
  t.same(checkRun({ ...seen, deliveries }), [])
})

/** What the target does while it is not well; half of the requests are hit, so that others get through in between. */
const TROUBLES: readonly { name: string; faults: readonly FaultInput[] }[] = [
  { name: 'slow', faults: [{ kind: 'delay', probability: 0.7, ms: 250 }] },
  {
    name: 'resetting',
    faults: [
      { kind: 'reset-after', probability: 0.25 },
      { kind: 'reset-before', probability: 0.25 },
    ],
  },
  {
    name: 'answering garbage',
    faults: [
      { kind: 'garbage', probability: 0.2, apply: true },
      { kind: 'garbage', probability: 0.2, apply: false },
      { kind: 'status', probability: 0.2, status: 503 },
      { kind: 'truncated', probability: 0.2 },
    ],
  },
]
const TROUBLE_MS = 1_500

t.test(
  'while the target is down, slow, resetting or answering garbage nothing is lost, doubled or out of order',
  async t => {
    let relay: Relay | null = null
    const run = await openRun(t, {
      random: createRandom(11),
      endpointOf: async sandbox => {
        relay = await startRelay(sandbox.port)
        return relay.url
      },
    })
    t.teardown(() => relay!.goDown())
    const child = await run.startUp()
    const load = run.sender.startLoad({ perSecond: 40, cappedPerSecond: 0, redelivered: 0.1, random: createRandom(12) })
    await sleep(TROUBLE_MS / 2)
    await relay!.goDown()
    await sleep(TROUBLE_MS)
    await relay!.comeUp()
    for (const { faults } of TROUBLES) {
      for (const fault of faults) run.sandbox.addFault(fault)
      await sleep(TROUBLE_MS)
      run.sandbox.clearFaults()
    }
    await load.stop()
    t.ok(await run.untilSettled([], 60_000), 'it comes to rest once the target is well')
    t.match(await run.stop(child), { code: 0 })

    const { run: seen } = run.judge()
    t.same(checkRun({ ...seen, cutsAt: relay!.cutsAt }), [])
    const attempts = seen.events.flatMap(event => event.jobs.flatMap(job => job.attempts))
    t.ok(
      attempts.some(attempt => attempt.outcome === 'not_sent'),
      'the target was down',
    )
    t.ok(
      attempts.some(attempt => attempt.code === 'reset'),
      'the target reset connections',
    )
    t.ok(
      attempts.some(attempt => attempt.code === 'invalid_answer'),
      'the target answered garbage',
    )
    t.ok(
      seen.requests.some(request => request.fault === 'delay'),
      'the target was slow',
    )
  },
)
