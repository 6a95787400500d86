import type { CheckedMapping } from './checked-mapping.ts'
import type { Difference } from './compare-values.ts'
import { createScope, type EventScope } from './create-scope.ts'
import { judgeMapping } from './judge-mapping.ts'
import { type FlowEnd, type FoundOperation, matchOperations } from './match-operations.ts'
import type { Operation } from './operation.ts'
import type { PlannedJob } from './plan-jobs.ts'
import type { Problem } from './problem.ts'
import type { MappingTest } from './read-mapping-tests.ts'
import { showText, showValue } from './show-value.ts'
import { problemAt } from './source-file.ts'
import { suggest } from './suggest.ts'
import { type WalkedStep, walkSteps } from './walk-steps.ts'

/** The instant at which the event of a test was received (2026-01-01T00:00:00Z), so that tests give the same every day. */
const RECEIVED_AT = Date.UTC(2026, 0, 1)

export interface TestContext {
  operations: ReadonlyMap<string, Operation>
  constants: Readonly<Record<string, unknown>>
  limits: { jobsPerEventMax: number }
}

export type TestOutcome =
  | { kind: 'passed' }
  | { kind: 'failed'; differences: readonly Difference[] }
  /** What is known agrees; the rest depends on the answers of these steps. */
  | { kind: 'undecided'; needs: readonly string[] }

export interface TestResult {
  test: MappingTest
  outcome: TestOutcome
}

/** Runs the tests of mapping files, as routing and worker would judge and map their events. Sends nothing; pure. */
export function runMappingTests(tests: readonly MappingTest[], context: TestContext): TestResult[] {
  return tests.map(test => ({ test, outcome: runMappingTest(test, context) }))
}

function runMappingTest({ mapping, test, payload, lossy }: MappingTest, context: TestContext): TestOutcome {
  const { expect, answers = {} } = test
  const unknownStep = Object.keys(answers).find(id => !mapping.steps.some(step => step.id === id))
  if (unknownStep !== undefined) return refuseAnswer(unknownStep, mapping)
  const scope = createScope({
    event: { id: 'evt_test', source: mapping.source, type: test.event.type, key: 'test', receivedAt: RECEIVED_AT },
    payload,
    lossy,
    headers: lowerNames(test.event.headers ?? {}),
    query: {},
    constants: context.constants,
  })
  const judged = judgeMapping(mapping, scope, context.limits)
  if (judged.taken !== expect.matched) {
    const found = judged.taken ? 'a match' : `none: ${judged.match.detail}`
    return fail('matched', expect.matched ? 'a match' : 'none', found)
  }
  if (!judged.taken) return { kind: 'passed' }
  const { plan } = judged
  const flow = plan.ok
    ? walkJobs(mapping, scope, plan.jobs, answers, context)
    : { ok: false as const, found: `${plan.reason}: ${plan.message}` }
  if (!flow.ok) return fail('job', 'a job that can be done', flow.found)
  return compareFlow(expect, flow)
}

function refuseAnswer(id: string, mapping: CheckedMapping): TestOutcome {
  const ids = mapping.steps.map(step => step.id)
  const hint = suggest(id, ids)
  const found = `"${id}"${hint === null ? '' : ` (did you mean "${hint}"?)`}`
  return fail('answers', `one of the steps ${ids.join(', ')}`, found)
}

interface Flow {
  ok: true
  found: FoundOperation[]
  end: FlowEnd
  /** The message of the hold it ends with; null without one, undefined where that is not known. */
  held: string | null | undefined
}

/** The operations of all jobs of the event, one job after another, up to the first thing that is not known. */
function walkJobs(
  mapping: CheckedMapping,
  scope: EventScope,
  jobs: readonly PlannedJob[],
  answers: Readonly<Record<string, unknown>>,
  { operations }: TestContext,
): Flow | { ok: false; found: string } {
  const flow: Flow = { ok: true, found: [], end: { kind: 'done', words: 'nothing more' }, held: null }
  const isRead = (operation: string): boolean => operations.get(operation)?.kind === 'query'
  for (const { item } of jobs) {
    const walked = walkSteps(mapping, item === undefined ? scope : { ...scope, item }, answers)
    const failed = walked.find(step => step.kind === 'failed')
    if (failed?.kind === 'failed') return { ok: false, found: `${failed.reason}: ${failed.message}` }
    for (const step of walked) {
      if (flow.end.kind === 'done') noteStep(step, isRead, flow)
      else if (step.kind === 'unknown' || step.kind === 'run') addPossible(step, isRead, flow.end)
    }
  }
  return flow
}

function noteStep(step: WalkedStep, isRead: (operation: string) => boolean, flow: Flow): void {
  if (step.kind === 'run') {
    flow.found.push({ operation: step.operation, variables: step.variables, isRead: isRead(step.operation) })
  } else if (step.kind === 'hold') {
    flow.held = step.message
    flow.end = { kind: 'done', words: `a hold: ${showValue(step.message)}` }
  } else if (step.kind === 'unknown') {
    flow.end = { kind: 'open', possible: [], needs: step.needs }
    flow.held = undefined
    addPossible(step, isRead, flow.end)
  }
}

function addPossible(
  step: Extract<WalkedStep, { kind: 'unknown' | 'run' }>,
  isRead: (operation: string) => boolean,
  end: FlowEnd,
): void {
  if (end.kind !== 'open' || step.operation === null) return
  end.possible = [...end.possible, { operation: step.operation, isRead: isRead(step.operation) }]
}

function compareFlow(expect: MappingTest['test']['expect'], { found, end, held }: Flow): TestOutcome {
  const { kind, ...rest } =
    expect.operations === undefined ? { kind: 'same' as const } : matchOperations(expect.operations, found, end)
  const differences: Difference[] = 'differences' in rest ? [...rest.differences] : []
  if (expect.held !== undefined && held !== undefined && held !== expect.held) {
    const text = held === null ? 'a job that is not held' : showValue(held)
    differences.push({ path: 'held', expected: showValue(expect.held), found: text })
  }
  if (differences.length > 0) return { kind: 'failed', differences }
  if (kind === 'undecided' || (expect.held !== undefined && held === undefined))
    return { kind: 'undecided', needs: end.kind === 'open' ? end.needs : [] }
  return { kind: 'passed' }
}

function fail(path: string, expected: string, found: string): TestOutcome {
  return { kind: 'failed', differences: [{ path, expected, found: showText(found) }] }
}

function lowerNames(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
}

/** The problems of tests that failed (`test_failed`) or say too little (`test_undecided`, a warning), in their order. */
export function problemsOfTests(results: readonly TestResult[]): Problem[] {
  return results.flatMap(({ test, outcome }) => {
    const name = showText(test.test.name)
    if (outcome.kind === 'passed') return []
    if (outcome.kind === 'undecided') {
      const needs = outcome.needs.map(id => `"${id}"`).join(', ')
      const parts = {
        severity: 'warning',
        code: 'test_undecided',
        message: `test "${name}": what follows depends on the answer of ${needs}`,
        suggestion: `give it in "answers": { ${needs}: … }`,
      } as const
      return [problemAt(test.source, test.pointer, parts)]
    }
    const lines = outcome.differences.map(
      ({ path, expected, found }) => `${path}: expected ${expected}, found ${found}`,
    )
    const { expected, found } = outcome.differences[0]!
    const message = `test "${name}": ${lines.join('; ')}`
    return [problemAt(test.source, test.pointer, { code: 'test_failed', message, expected, found })]
  })
}
