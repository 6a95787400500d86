import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { CheckedMapping } from '../mapping/checked-mapping.ts'
import { parseExact } from '../mapping/parse-exact.ts'
import { formatProblem, type Problem } from '../mapping/problem.ts'
import { readTestFile, TEST_FILE_SUFFIX } from '../mapping/read-mapping-tests.ts'
import type { Trial, TriedEvent } from '../plan/try-payload.ts'
import { replaceFile } from '../replace-file.ts'
import type { Setup } from '../setup/setup.ts'
import { cliError, EXIT } from './exit.ts'
import type { TrialPlan } from './try-plan.ts'

export interface SavedTest {
  file: string
  name: string
  /** What the test cannot say. */
  note: string | null
}

interface Saving {
  name: string
  body: Buffer
  event: TriedEvent
  trial: Trial
  preview: TrialPlan | null
}

/**
 * Appends what was tried as a test to `<mapping>.test.json` beside the mapping, its payload inline. With a plan, the
 * answers that were read are saved too, so that the test knows the whole flow. The file is replaced in one step, and
 * what it holds is kept; a name that is there already is refused.
 */
export async function saveTest(setup: Setup, mapping: CheckedMapping, saving: Saving): Promise<SavedTest> {
  const { name } = saving
  const file = join(setup.config.mappingsFolder, `${mapping.name}${TEST_FILE_SUFFIX}`)
  const present = existsSync(file) ? await readPresent(file) : { tests: [] }
  const list = Array.isArray(present) ? present : (present as { tests: unknown[] }).tests
  if (list.some(test => (test as { name?: unknown }).name === name))
    throw cliError(EXIT.failed, `${file}: expected another name than "${name}", found a test of that name`)
  const { test, note } = makeTest(mapping, saving)
  list.push(test)
  await replaceFile(file, `${JSON.stringify(present, null, 2)}\n`)
  return { file, name, note }
}

async function readPresent(file: string): Promise<unknown> {
  const problems: Problem[] = []
  if ((await readTestFile(file, problems)) === null)
    throw cliError(EXIT.failed, [...problems.map(formatProblem), 'nothing was written'].join('\n'))
  return parseExact((await readFile(file, 'utf8')).replace(/^\ufeff/, ''))
}

function makeTest(
  mapping: CheckedMapping,
  { name, body, event, trial, preview }: Saving,
): { test: object; note: string | null } {
  const payload = parseExact(body.toString('utf8').replace(/^\ufeff/, ''))
  const headers = readsHeaders(mapping) && { headers: event.headers }
  const saved = { name, event: { type: trial.type ?? '', payload, ...headers } }
  if (!trial.match.matched) return { test: { ...saved, expect: { matched: false } }, note: null }
  // answers of a test go by step id: those of several jobs would be in each other's way
  if (preview?.jobs.length === 1) return { test: { ...saved, ...fromPlan(preview) }, note: null }
  const steps = trial.jobs.flat()
  const firstOpen = steps.findIndex(step => step.kind === 'waits')
  const operations = (firstOpen === -1 ? steps : steps.slice(0, firstOpen)).flatMap(step =>
    step.kind === 'run' ? [{ operation: step.operation, variables: step.variables }] : [],
  )
  const held = trial.jobs.length === 1 ? steps.find(step => step.kind === 'hold') : undefined
  const expect = { matched: true, ...(held?.kind === 'hold' && { held: held.message }), operations }
  const note = firstOpen === -1 ? null : 'up to the first answer it needs: --plan saves the answers too'
  return { test: { ...saved, expect }, note }
}

/** What the plan knows for certain: everything up to the first step that a write decides. */
function fromPlan({ jobs }: TrialPlan): object {
  const { steps, answers } = jobs[0]!
  const operations = steps.flatMap(step =>
    step.kind === 'read' || step.kind === 'write' ? [{ operation: step.operation, variables: step.variables }] : [],
  )
  const held = steps.find(step => step.kind === 'hold')
  return {
    ...(Object.keys(answers).length > 0 && { answers }),
    expect: { matched: true, ...(held?.kind === 'hold' && { held: held.message }), operations },
  }
}

function readsHeaders({
  when,
  forEach,
  order,
  runAt,
  expiresAfter,
  vars,
  steps,
  with: given,
}: CheckedMapping): boolean {
  const templates = [order, runAt, expiresAfter, given, ...vars.map(({ template }) => template)]
  const bodies = steps.flatMap(step => [step.if, step.kind === 'hold' ? step.message : step.variables])
  return [when, forEach, ...templates, ...bodies].some(part => part?.roots.has('headers') === true)
}
