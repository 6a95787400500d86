import { readFileSync } from 'node:fs'
import pc from 'picocolors'
import { excerptOf } from '../mapping/excerpt.ts'
import { formatProblem, type Problem, type ProblemCode } from '../mapping/problem.ts'
import type { TestResult } from '../mapping/run-mapping-tests.ts'
import { showText } from '../mapping/show-value.ts'
import { problemAt } from '../mapping/source-file.ts'
import type { CheckReport } from './check.ts'

/**
 * Problems of expressions and documents are shown with their line and a caret. Others are not: a line of bridge.json may
 * hold a secret where only a reference to one belongs.
 */
const SHOWN_WITH_LINE: ReadonlySet<ProblemCode> = new Set<ProblemCode>([
  'expression',
  'expression_type',
  'unknown_reference',
  'unknown_member',
  'variable_type',
  'missing_field',
  'unknown_field',
  'may_be_null',
  'may_be_skipped',
  'never_equal',
  'date_with_z',
  'graphql_syntax',
  'graphql_operation',
  'graphql_schema',
])

/** Prints what `check` found for people: problems, failed tests, notes, and one line that sums it up. */
export function printReport({ ok, problems, results, tests, notes, setup }: CheckReport): void {
  for (const problem of problems) if (problem.code !== 'test_failed') say(describeProblem(problem))
  for (const result of results) for (const line of describeFailedTest(result)) say(line)
  for (const note of notes) say(`${pc.dim('note')}  ${note}`)
  const count = tests.passed + tests.failed
  if (ok && setup !== null) {
    const { sources, mappings, operations } = setup
    const tested = count === 0 ? '' : `, ${count} ${count === 1 ? 'test' : 'tests'}`
    say(`${pc.green('ok')}  ${sources.size} sources, ${mappings.size} mappings, ${operations.size} operations${tested}`)
    return
  }
  const errors = problems.filter(({ severity, code }) => severity === 'error' && code !== 'test_failed').length
  const warnings = problems.filter(({ severity }) => severity === 'warning').length
  const parts = [
    ...(errors > 0 ? [`${errors} problems`] : []),
    ...(tests.failed > 0 ? [`${tests.failed} of ${count} tests failed`] : []),
    ...(errors + tests.failed === 0 ? [`${warnings} warnings, which count with --strict`] : []),
  ]
  say(parts.join(', '))
}

function say(text: string): void {
  process.stdout.write(`${text}\n`)
}

function describeProblem(problem: Problem): string {
  const label = problem.severity === 'error' ? pc.red('error') : pc.yellow('warning')
  const excerpt = SHOWN_WITH_LINE.has(problem.code) ? readExcerpt(problem) : null
  const below =
    excerpt === null
      ? ''
      : `\n${excerpt
          .split('\n')
          .map(text => `        ${pc.dim(showText(text))}`)
          .join('\n')}`
  return `${label}  ${showText(formatProblem(problem))}${below}`
}

function readExcerpt(problem: Problem): string | null {
  try {
    return excerptOf(problem, readFileSync(problem.file, 'utf8'))
  } catch {
    // the file went away since, or the problem is one of a folder
    return null
  }
}

/** The test with its place, and a line for each difference. */
function describeFailedTest({ test, outcome }: TestResult): string[] {
  if (outcome.kind !== 'failed') return []
  const { file, line } = problemAt(test.source, test.pointer, { code: 'test_failed', message: '' })
  return [
    `${pc.red('failed')}  ${file}:${line}  test "${showText(test.test.name)}"`,
    ...outcome.differences.map(
      ({ path, expected, found }) => `        ${path}: expected ${pc.green(expected)}, found ${pc.red(found)}`,
    ),
  ]
}
