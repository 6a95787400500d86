import type { Problem } from '../mapping/problem.ts'
import { readMappingTests } from '../mapping/read-mapping-tests.ts'
import { problemsOfTests, runMappingTests, type TestResult } from '../mapping/run-mapping-tests.ts'
import { loadSetup } from '../setup/load-setup.ts'
import type { Setup } from '../setup/setup.ts'
import { printReport } from './check-print.ts'
import { EXIT } from './exit.ts'

interface CheckOptions {
  config?: string
  json?: boolean
  strict?: boolean
  live?: boolean
}

/** What `check` found. */
export interface CheckReport {
  ok: boolean
  problems: readonly Problem[]
  tests: { passed: number; failed: number }
  results: readonly TestResult[]
  /** For people only: one line each. */
  notes: readonly string[]
  /** What was checked; null where the files are not sound. */
  setup: Setup | null
}

/** Checks configuration, mappings and operations, runs the mappings' tests, and says everything that is wrong at once. */
export async function check(options: CheckOptions): Promise<number> {
  const loaded = await loadSetup(options.config === undefined ? {} : { file: options.config })
  const found = loaded.ok
    ? await checkSetup(loaded.setup, options.live === true)
    : { problems: loaded.problems, tests: { passed: 0, failed: 0 }, results: [], notes: [], setup: null }
  const isWrong = ({ severity }: Problem): boolean => severity === 'error' || options.strict === true
  const report: CheckReport = { ...found, ok: loaded.ok && !found.problems.some(isWrong) }
  if (options.json === true) process.stdout.write(`${toJson(report)}\n`)
  else printReport(report)
  if (report.ok) return EXIT.done
  return !loaded.ok && !loaded.config ? EXIT.config : EXIT.failed
}

async function checkSetup(setup: Setup, live: boolean): Promise<Omit<CheckReport, 'ok'>> {
  const { mappingsFolder, limits, constants } = setup.config
  const { tests, unreadable, problems } = await readMappingTests(mappingsFolder, setup.mappings, limits)
  const results = runMappingTests(tests, { operations: setup.operations, constants, limits })
  const failed = results.filter(({ outcome }) => outcome.kind === 'failed').length
  const asked = live ? await (await import('./check-live.ts')).checkLive(setup) : { problems: [], notes: [] }
  return {
    problems: [...setup.warnings, ...problems, ...problemsOfTests(results), ...asked.problems],
    tests: { passed: results.length - failed, failed: failed + unreadable },
    results,
    notes: [...noteUnopened(setup), ...asked.notes],
    setup,
  }
}

function noteUnopened({ config }: Setup): string[] {
  return config.sealed.unopened.map(place => `${place}: sealed in the store; looked at when the service starts`)
}

/** Exactly the keys of the contract (interface.md 7), whatever else a problem carries for people. */
function toJson({ ok, problems, tests }: CheckReport): string {
  const listed = problems.map(
    ({ file, pointer, line, column, severity, code, message, expected, found, suggestion }) => {
      return { file, pointer, line, column, severity, code, message, expected, found, suggestion }
    },
  )
  return JSON.stringify({ ok, problems: listed, tests })
}
