import t, { type Test } from 'tap'
import type { Failpoint } from '../../src/failpoint.ts'
import type { Flow } from '../fixtures/crash/crash-config.ts'
import type { CrashRun } from '../fixtures/crash/crash-run.ts'
import { openRun } from '../fixtures/crash/open-run.ts'

interface Stage {
  failpoint: Failpoint
  passage: number
  /** What the events are for; each is delivered to one process that dies, and one that does not. */
  flows: readonly (readonly Flow[])[]
  /** Jobs at the end that a person must settle, and effects of all, where the stage says how many. */
  held?: number
  effects?: number
}

const EACH: readonly (readonly Flow[])[] = [
  ['set'],
  ['verify'],
  ['once'],
  ['keyed'],
  ['set', 'keyed', 'verify', 'once'],
]
/** Two in a row on one key for `set`, so that what waits behind the one that dies is seen as well. */
const THREE = (flow: Flow): readonly (readonly Flow[])[] => [[flow], [flow], [flow]]

/** Which attempt of a run is the write of its second job: `set` reads once before it writes, `verify` twice. */
const SECOND_WRITE = { set: 4, keyed: 2, verify: 6, once: 2 } as const
type Class = keyof typeof SECOND_WRITE

// the first commits are those of the start; deliveries, routes, claims, intents and outcomes follow as they come
const COMMITS = [2, 5, 9, 14, 20, 27] as const
const stages: Stage[] = [
  ...COMMITS.flatMap(passage =>
    (['before_commit', 'after_commit'] as const).map(failpoint => ({ failpoint, passage, flows: EACH })),
  ),
  { failpoint: 'before_answer', passage: 2, flows: EACH },
  { failpoint: 'after_answer', passage: 2, flows: EACH },
  { failpoint: 'after_routes', passage: 1, flows: EACH },
  { failpoint: 'after_claim', passage: 2, flows: EACH },
]
for (const flow of Object.keys(SECOND_WRITE) as Class[]) {
  const passage = SECOND_WRITE[flow]
  const once = flow === 'once'
  stages.push(
    { failpoint: 'after_intent', passage, flows: THREE(flow), held: once ? 1 : 0, effects: once ? 2 : 3 },
    // the bytes are with the kernel: whether they arrive is not ours to say
    { failpoint: 'after_send', passage, flows: THREE(flow), held: once ? 1 : 0, ...(!once && { effects: 3 }) },
    { failpoint: 'after_response', passage, flows: THREE(flow), held: once ? 1 : 0, effects: 3 },
    { failpoint: 'after_outcome', passage, flows: THREE(flow), held: 0, effects: 3 },
  )
}

t.jobs = 4
for (const stage of stages) {
  const { failpoint, passage, flows } = stage
  const what = flows.every(of => of.join() === flows[0]!.join())
    ? `"${flows[0]!.join()}" events`
    : 'events of every class'
  t.test(`a death at ${failpoint}:${passage} with ${what} costs nothing that was promised`, t => dieAt(t, stage))
}

async function dieAt(t: Test, { failpoint, passage, flows, held, effects }: Stage): Promise<void> {
  const run = await openRun(t, { concurrency: 1 })
  const doomed = run.start({ BRIDGE_FAILPOINT: `${failpoint}:${passage}` })
  const sending = sendInTurn(run, flows)
  const ending = await run.untilDead(doomed)
  t.equal(ending.signal, 'SIGKILL', 'the process dies where it was told to')

  const heir = await run.startUp()
  await sending
  t.ok(await run.untilSettled([], 30_000), 'everything comes to rest')
  t.match(await run.stop(heir), { code: 0, signal: null })
  const { violations, run: seen } = run.judge()
  t.same(violations, [])
  const jobs = seen.events.flatMap(event => event.jobs)
  if (held !== undefined) t.equal(jobs.filter(job => job.state === 'held').length, held, 'jobs left for a person')
  if (effects !== undefined)
    t.equal(
      seen.requests.reduce((sum, request) => sum + request.effects, 0),
      effects,
    )
}

/** The order of custody is the order of delivery: the next is sent when the one before was answered. */
async function sendInTurn({ sender }: CrashRun, flows: readonly (readonly Flow[])[]): Promise<void> {
  for (const of of flows) await sender.send(of)
}
