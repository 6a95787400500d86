/**
 * The crash proof: kills the service at random moments under load and says whether it kept its promises.
 * npm run crash -- --kills 300 [--seed 1] [--rate 50] [--mean 700] [--no-faults] [--no-spare]; exits 1 where it did not.
 */
import { parseArgs } from 'node:util'
import { killAtRandom } from '../fixtures/crash/kill-at-random.ts'
import { summarize } from '../fixtures/crash/summarize.ts'

const { values } = parseArgs({
  allowNegative: true,
  options: {
    kills: { type: 'string', default: '50' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    rate: { type: 'string', default: '50' },
    mean: { type: 'string', default: '700' },
    faults: { type: 'boolean', default: true },
    spare: { type: 'boolean', default: true },
  },
})
const say = (line: string): boolean => process.stdout.write(`${line}\n`)
const options = {
  kills: Number(values.kills),
  seed: Number(values.seed),
  perSecond: Number(values.rate),
  // a wave above the cap every five minutes: what waits for the cap puts kills off (`spare`), so not all the time
  cappedPerSecond: 3,
  cappedForMs: 45_000,
  perMinuteMax: 120,
  meanMs: Number(values.mean),
  faults: values.faults,
  spare: values.spare,
  drainCapped: true,
  settleMaxMs: 600_000,
}
say(`${options.kills} kills, seed ${options.seed}, ${options.perSecond} deliveries/s, mean ${options.meanMs} ms`)
const startedAt = Date.now()
const result = await killAtRandom({
  ...options,
  onKill: kills => {
    if (kills % 50 === 0) say(`  ${kills} kills, ${Math.round((Date.now() - startedAt) / 1_000)} s`)
  },
})
for (const line of summarize(result)) say(line)
const failed =
  result.violations.length > 0 || result.auditProblems.length > 0 || !result.settled || result.exitCode !== 0
if (failed) say(`\nlast lines of the log\n${result.logTail}`)
process.exitCode = failed ? 1 : 0
