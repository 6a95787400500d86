import pc from 'picocolors'
import { formatProblem, type Problem } from '../mapping/problem.ts'
import { loadSetup } from '../setup/load-setup.ts'
import { EXIT } from './exit.ts'

interface CheckOptions {
  config?: string
  json?: boolean
  strict?: boolean
}

/** Checks configuration, mappings and operations, and prints every problem at once. */
export async function check(options: CheckOptions): Promise<number> {
  const loaded = await loadSetup(options.config === undefined ? {} : { file: options.config })
  const problems = loaded.ok
    ? [...loaded.setup.warnings, ...findUnrunTests(loaded.setup.mappings)]
    : [...loaded.problems]
  const ok = loaded.ok && !(options.strict === true && problems.length > 0)
  if (options.json === true)
    process.stdout.write(`${JSON.stringify({ ok, problems, tests: { passed: 0, failed: 0 } })}\n`)
  else
    printProblems(
      problems,
      loaded.ok
        ? `${loaded.setup.sources.size} sources, ${loaded.setup.mappings.size} mappings, ${loaded.setup.operations.size} operations`
        : null,
    )
  if (ok) return EXIT.done
  return !loaded.ok && !loaded.config ? EXIT.config : EXIT.failed
}

function printProblems(problems: readonly Problem[], summary: string | null): void {
  for (const problem of problems)
    process.stdout.write(
      `${problem.severity === 'error' ? pc.red('error') : pc.yellow('warning')}  ${formatProblem(problem)}\n`,
    )
  const errors = problems.filter(problem => problem.severity === 'error').length
  process.stdout.write(summary === null ? `${errors} problems\n` : `${pc.green('ok')}  ${summary}\n`)
}

/** This release does not run the tests of mapping files: that nothing failed would say too much. */
function findUnrunTests(
  mappings: ReadonlyMap<string, { file: string; json: { tests?: unknown[] | undefined } }>,
): Problem[] {
  return [...mappings.values()]
    .filter(({ json }) => (json.tests ?? []).length > 0)
    .map(({ file }) => ({
      file,
      pointer: '/tests',
      line: null,
      column: null,
      severity: 'warning',
      code: 'invalid_value',
      message: 'the tests of a mapping are not run by this release',
      expected: null,
      found: null,
      suggestion: null,
    }))
}
