/**
 * The proof of the audit: tampers with copies of a database at random, each of which must be found, and lets processes run,
 * die, prune and restore at random, in which nothing may be found.
 * npm run audit:tamper -- --count 10000 [--clean 1000] [--seed 1]; exits 1 where one was missed, or a false alarm raised.
 */
import { parseArgs } from 'node:util'
import { createAuditHistory } from '../fixtures/audit/audit-history.ts'
import { runClean } from '../fixtures/audit/clean-run.ts'
import { makeOriginal, type Original, TAMPERINGS, tamperOnce } from '../fixtures/audit/tamper.ts'
import { createRandom } from '../fixtures/crash/random.ts'

/** A history is tampered with so often before another one is made. */
const TAMPERINGS_OF_ONE = 500

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '10000' },
    clean: { type: 'string', default: '1000' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
  },
})
const say = (line: string): boolean => process.stdout.write(`${line}\n`)
const random = createRandom(Number(values.seed))
say(`${values.count} tamperings, ${values.clean} clean runs, seed ${values.seed}`)

const tried = new Map<string, number>()
const missed: string[] = []
for (let done = 0; done < Number(values.count); ) {
  const history = createAuditHistory()
  try {
    const rows = Array.from({ length: 3 + Math.floor(random() * 3) }, () => 2 + Math.floor(random() * 60))
    const original: Original = await makeOriginal(history, rows)
    for (let n = 0; n < TAMPERINGS_OF_ONE && done < Number(values.count); n++, done++) {
      const kind = TAMPERINGS[Math.floor(random() * TAMPERINGS.length)]!
      tried.set(kind, (tried.get(kind) ?? 0) + 1)
      if ((await tamperOnce(kind, original, random)).ok) missed.push(`${kind}, number ${done + 1}`)
    }
  } finally {
    history.remove()
  }
  if (done % 2_000 === 0) say(`  ${done} tamperings`)
}
say([...tried].map(([kind, count]) => `${kind} ${count}`).join(', '))
say(`missed ${missed.length}${missed.length === 0 ? '' : `: ${missed.join('; ')}`}`)

const alarms: string[] = []
let verified = 0
for (let n = 1; n <= Number(values.clean); n++) {
  const { steps, verdicts } = await runClean(random)
  verified += verdicts.length
  for (const { problem } of verdicts)
    if (problem !== null) alarms.push(`run ${n} (${steps.join('; ')}): ${problem.code} at row ${problem.seq}`)
  if (n % 100 === 0) say(`  ${n} clean runs`)
}
say(`false alarms ${alarms.length} in ${values.clean} runs, ${verified} verifications`)
for (const alarm of alarms) say(`  ${alarm}`)
process.exitCode = missed.length + alarms.length > 0 ? 1 : 0
