import t from 'tap'
import { countBusiestMinute } from '../fixtures/crash/check-run.ts'
import { killAtRandom } from '../fixtures/crash/kill-at-random.ts'
import { summarize } from '../fixtures/crash/summarize.ts'

const KILLS = 20
const PER_MINUTE_MAX = 20

t.test('a service killed at random moments under load loses nothing and does nothing twice', async t => {
  const result = await killAtRandom({
    kills: KILLS,
    seed: 20_261_124,
    perSecond: 50,
    // on a machine that is slow to start a process, kills take minutes: the backlog must stay one that it can work off
    deliveriesMax: 4_000,
    // above the cap from the first seconds on, so that a count that did not survive a restart would be seen
    cappedPerSecond: 2,
    perMinuteMax: PER_MINUTE_MAX,
    meanMs: 600,
    faults: true,
    spare: true,
    drainCapped: false,
    settleMaxMs: 120_000,
  })
  const { violations, auditProblems, settled, exitCode, run } = result
  t.same(violations, [])
  t.same(auditProblems, [], 'the audit is whole, and accounts for every event, attempt and end of a job')
  t.ok(settled, 'everything comes to rest')
  t.equal(exitCode, 0, 'SIGTERM ends it in order')
  t.equal(run.deathsAt.length, KILLS)
  t.equal(countBusiestMinute(run.requests, 'capped'), PER_MINUTE_MAX, 'the cap was used up, and not exceeded')
  for (const line of summarize(result)) t.comment(line)
  if (!t.passing()) t.comment(result.logTail)
})
