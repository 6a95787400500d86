import pc from 'picocolors'
import type { Clause } from '../mapping/explain-condition.ts'
import { showText, showValue } from '../mapping/show-value.ts'
import type { JobPlanned, PlannedStep } from '../plan/plan-job.ts'
import type { Trial, TriedStep } from '../plan/try-payload.ts'
import type { Setup } from '../setup/setup.ts'
import type { TrialPlan } from './try-plan.ts'
import type { SavedTest } from './try-save-test.ts'

/** Characters of variables that are shown on one line. */
const VARIABLES_CHARS_MAX = 400
/** Characters of a value in `old → new`. */
const CHANGE_CHARS_MAX = 60

interface Printing {
  setup: Setup
  preview: TrialPlan | null
  saved: SavedTest | null
}

/** Prints a trial for people. Everything foreign goes through `showText` or `showValue`: a payload may hold escapes. */
export function printTrial(trial: Trial, { setup, preview, saved }: Printing): void {
  const { mapping, type, match, plan, jobs } = trial
  if (match.matched) say(`${pc.green('match')}  ${mapping}  event type ${type === null ? '(none)' : showText(type)}`)
  else say(`${pc.yellow('no match')}  ${mapping}  (${match.reason}) ${showText(match.detail)}`)
  for (const line of explain(trial)) say(`  ${line}`)
  if (plan !== null && !plan.ok) say(`${pc.red('cannot be planned')}  ${plan.reason}: ${showText(plan.message)}`)
  for (const [index, steps] of jobs.entries()) {
    const planned = preview?.jobs[index]
    if (preview !== null && planned === undefined) continue
    say(describeJob(trial, index))
    const lines = planned === undefined ? stepLines(steps, describeStep) : planLines(planned, setup)
    for (const text of lines) say(text)
  }
  if (preview !== null) say(summarize(preview))
  else if (jobs.some(steps => steps.some(step => step.kind === 'waits')))
    say(pc.dim('--plan reads those answers from the API and shows what would change'))
  if (saved !== null)
    say(
      `${pc.green('saved')}  ${saved.file}  ${showValue(saved.name)}${saved.note === null ? '' : `  ${pc.dim(saved.note)}`}`,
    )
}

function say(text: string): void {
  process.stdout.write(`${text}\n`)
}

function line(step: string, text: string): string {
  return `  ${step.padEnd(12)} ${text}`
}

function mark(holds: boolean): string {
  return holds ? pc.green('✓') : pc.red('✗')
}

function explain({ explanation: { on, when }, type }: Trial): string[] {
  const found = on.holds ? '' : `  found ${type === null ? 'none (say it with --type)' : showValue(on.found)}`
  const lines = [
    ...(on.patterns === null ? [] : [`${mark(on.holds)} on    ${on.by ?? on.patterns.join(', ')}${found}`]),
  ]
  if (when === null) return lines
  if (when.kind === 'clause') return [...lines, `${clauseLine(when, 'when  ')}`]
  return [
    ...lines,
    `${mark(when.verdict === 'true')} when${when.kind === 'any' ? '  any of' : ''}`,
    ...clauseLines(when.parts, '    '),
  ]
}

function clauseLines(clauses: readonly Clause[], indent: string): string[] {
  return clauses.flatMap(clause => {
    if (clause.kind === 'clause') return [`${indent}${clauseLine(clause)}`]
    const words = clause.kind === 'any' ? 'any of' : 'all of'
    return [`${indent}${mark(clause.verdict === 'true')} ${words}`, ...clauseLines(clause.parts, `${indent}  `)]
  })
}

function clauseLine({ verdict, source, message, values }: Extract<Clause, { kind: 'clause' }>, before = ''): string {
  const only = values.length === 1 ? values[0] : undefined
  const found =
    only !== undefined && source.includes(only.source)
      ? `found ${only.found}`
      : values.map(value => `${value.source}: ${value.found}`).join(', ')
  const why = verdict === 'error' && message !== null ? pc.red(message) : pc.dim(found)
  return `${mark(verdict === 'true')} ${before}${source.replace(/\s*\n\s*/g, ' ')}${why === '' ? '' : `  ${why}`}`
}

function describeJob({ plan }: Trial, index: number): string {
  const job = plan?.ok ? plan.jobs[index] : undefined
  const parts = [
    `job ${index + 1}`,
    ...(job?.item === undefined ? [] : [`item ${showValue(job.item)}`]),
    ...(job?.orderKey == null ? [] : [`order ${showText(job.orderKey)}`]),
    ...(job?.runAt == null ? [] : [`not before ${new Date(job.runAt).toISOString()}`]),
    ...(job?.expiresAt == null ? [] : [`expires ${new Date(job.expiresAt).toISOString()}`]),
  ]
  return parts.join('  ')
}

function describeStep(step: TriedStep): string {
  switch (step.kind) {
    case 'run':
      return `${step.operation}  ${showValue(step.variables, VARIABLES_CHARS_MAX)}`
    case 'skip':
      return pc.dim('skipped: its "if" is false')
    case 'hold':
      return `held for a person: ${showText(step.message)}`
    case 'waits':
      return pc.dim(`${step.operation ?? 'hold'}  ${step.message}`)
    case 'failed':
      return pc.red(`${step.reason}: ${showText(step.message)}`)
  }
}

function planLines({ outcome, steps }: JobPlanned, setup: Setup): string[] {
  const lines = stepLines(steps, step => {
    const fields = step.kind === 'write' ? (step.change?.fields ?? []) : []
    const changed = fields.map(
      ({ path, from, to }) => `\n${' '.repeat(17)}${showText(path)}: ${describeField(from, to)}`,
    )
    return `${describePlanned(step, setup)}${changed.join('')}`
  })
  return outcome === 'nothing' ? [...lines, `  ${pc.green('nothing to do')}`] : lines
}

/** One line a step; steps in a row that are skipped share one, since of an action most are. */
function stepLines<Step extends { step: string; kind: string }>(
  steps: readonly Step[],
  describe: (step: Step) => string,
): string[] {
  const lines: string[] = []
  let skipped: string[] = []
  for (const [i, step] of steps.entries()) {
    const isInRow = step.kind === 'skip' && (skipped.length > 0 || steps[i + 1]?.kind === 'skip')
    if (isInRow) skipped.push(step.step)
    if (skipped.length > 0 && steps[i + 1]?.kind !== 'skip') {
      lines.push(line('…', pc.dim(`skipped: ${skipped.join(', ')}`)))
      skipped = []
    }
    if (!isInRow) lines.push(line(step.step, describe(step)))
  }
  return lines
}

function describeField(from: unknown, to: unknown): string {
  const now = to === undefined || to === null ? pc.red('nothing') : pc.green(showValue(to, CHANGE_CHARS_MAX))
  return from === undefined || from === null ? now : `${showValue(from, CHANGE_CHARS_MAX)} → ${now}`
}

function describePlanned(step: PlannedStep, setup: Setup): string {
  switch (step.kind) {
    case 'skip':
      return pc.dim('skipped: its "if" is false')
    case 'read':
      return pc.dim(`read ${step.operation}  ${showValue(step.variables)}`)
    case 'write': {
      const note = step.note === null ? '' : `  ${pc.dim(`(${step.note})`)}`
      const words = step.change?.summary
      const text =
        words === undefined ? `would send ${step.operation}  ${showValue(step.variables, VARIABLES_CHARS_MAX)}` : words
      return `${step.change?.changes === false ? pc.dim(text) : pc.yellow(text)}${note}`
    }
    case 'after_write': {
      const isRead = step.operation !== null && setup.operations.get(step.operation)?.kind === 'query'
      const what =
        step.operation === null ? 'may hold' : isRead ? `reads ${step.operation}` : `may send ${step.operation}`
      return pc.dim(`after the write: ${what}`)
    }
    case 'hold':
      return `${pc.yellow('would hold')}: ${showText(step.message)}`
    case 'failed':
      return pc.red(`would be dead: ${step.reason}: ${showText(step.message)}`)
    case 'unread':
      return pc.red(step.message)
  }
}

function summarize({ reads, jobs }: TrialPlan): string {
  if (jobs.some(({ outcome }) => outcome === 'unread'))
    return pc.red('no plan: the API could not be read; nothing was changed')
  const writes = jobs
    .flatMap(({ steps }) => steps)
    .filter(step => step.kind === 'write' && step.change?.changes !== false)
  const count = (n: number, word: string): string => `${n} ${word}${n === 1 ? '' : 's'}`
  return pc.dim(
    `plan: ${count(writes.length, 'write')} would be sent, ${count(reads, 'request')} sent to read, nothing changed`,
  )
}
