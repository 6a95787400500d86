import pc from 'picocolors'
import type { CheckedMapping } from '../mapping/checked-mapping.ts'
import { createScope, type EventScope } from '../mapping/create-scope.ts'
import { computeVars, type MappedStep, mapStep } from '../mapping/map.ts'
import { type Match, matchMapping } from '../mapping/match.ts'
import { parsePayload } from '../mapping/parse-payload.ts'
import { type JobPlan, planJobs } from '../mapping/plan-jobs.ts'
import type { Setup } from '../setup/setup.ts'
import { compileIdentifier, findIdentifier } from '../source/find-identifier.ts'
import { cliError, EXIT } from './exit.ts'
import { loadSetupOrExit } from './load-setup-or-exit.ts'
import { readInput } from './read-input.ts'
import { makeUnsigned } from './send.ts'

interface TryOptions {
  payload: string
  type?: string
  header?: string[]
  json?: boolean
  config?: string
}

/** One step as it would run, or why that cannot be told before an earlier answer is there. */
type TriedStep = { step: string } & (MappedStep | { kind: 'waits'; message: string })
export interface Trial {
  mapping: string
  type: string | null
  match: Match
  plan: JobPlan | null
  /** Steps of each planned job. */
  jobs: readonly (readonly TriedStep[])[]
}

/** Shows whether a payload matches a mapping and why, and what would be sent; sends nothing. */
export async function tryMapping(name: string, options: TryOptions): Promise<number> {
  const setup = await loadSetupOrExit(options)
  const mapping = setup.mappings.get(name)
  if (mapping === undefined)
    throw cliError(EXIT.usage, `"${name}": expected one of the mappings ${[...setup.mappings.keys()].join(', ')}`)
  const trial = tryPayload(setup, mapping, readInput(options.payload), options)
  if (options.json === true) process.stdout.write(`${JSON.stringify(trial)}\n`)
  else printTrial(trial)
  return trial.match.matched && trial.plan?.ok === true ? EXIT.done : EXIT.failed
}

/** Judges a body against one mapping as routing would, and maps its steps as far as that goes without the API. */
export function tryPayload(
  setup: Setup,
  mapping: CheckedMapping,
  body: Buffer,
  options: { type?: string; header?: string[] },
): Trial {
  const source = setup.config.sources.get(mapping.source)!
  const { headers: shown, path } = makeUnsigned(source, body, options)
  const parsed = parsePayload(body, 'application/json', '', { depthMax: setup.config.limits.jsonDepthMax }, null)
  if (!parsed.ok) throw cliError(EXIT.usage, `the payload: ${parsed.message}`)
  const compiled = compileIdentifier(source.eventType, '/eventType')
  const urlType = path === '' ? null : path.slice(1)
  const type =
    urlType ??
    findIdentifier(
      compiled.ok ? compiled.template : null,
      { headers: shown, query: {}, payload: parsed.payload },
      200,
    ) ??
    options.type ??
    null
  const scope = createScope({
    event: { id: 'evt_try', source: mapping.source, type: type ?? '', key: 'try', receivedAt: Date.now() },
    payload: parsed.payload,
    lossy: parsed.lossy,
    headers: shown,
    query: {},
    constants: setup.config.constants,
  })
  const match = matchMapping(mapping, scope)
  const plan = match.matched ? planJobs(mapping, scope, { jobsPerEventMax: setup.config.limits.jobsPerEventMax }) : null
  const jobs = plan?.ok ? plan.jobs.map(job => trySteps(mapping, scope, job.item)) : []
  return { mapping: mapping.name, type, match, plan, jobs }
}

function trySteps(mapping: CheckedMapping, scope: EventScope, item: unknown): TriedStep[] {
  const jobScope = item === undefined ? { ...scope } : { ...scope, item }
  const vars = computeVars(mapping, jobScope)
  if (!vars.ok) return [{ step: 'vars', kind: 'failed', reason: vars.reason, message: vars.message }]
  return mapping.steps.map((step, index) => {
    if (index > 0 && needsSteps(step))
      return { step: step.id, kind: 'waits', message: 'needs the answers of earlier steps' }
    return { step: step.id, ...mapStep(mapping, index, { ...jobScope, vars: vars.vars, steps: {} }) }
  })
}

function needsSteps(step: CheckedMapping['steps'][number]): boolean {
  return (
    step.if?.roots.has('steps') === true || (step.kind === 'hold' ? step.message : step.variables).roots.has('steps')
  )
}

function printTrial({ mapping, type, match, plan, jobs }: Trial): void {
  const say = (line: string): boolean => process.stdout.write(`${line}\n`)
  if (!match.matched) {
    say(`${pc.yellow('no match')}  ${mapping}  (${match.reason}) ${match.detail}`)
    return
  }
  say(`${pc.green('match')}  ${mapping}  event type ${type ?? '(none)'}`)
  if (plan !== null && !plan.ok) say(`${pc.red('cannot be planned')}  ${plan.reason}: ${plan.message}`)
  for (const [index, steps] of jobs.entries()) {
    const job = plan?.ok ? plan.jobs[index] : undefined
    say(
      `job ${index + 1}${job?.orderKey == null ? '' : `  order ${job.orderKey}`}${job?.runAt == null ? '' : `  not before ${new Date(job.runAt).toISOString()}`}`,
    )
    for (const step of steps) say(`  ${step.step.padEnd(12)} ${describeStep(step)}`)
  }
}

function describeStep(step: TriedStep): string {
  switch (step.kind) {
    case 'run':
      return `${step.operation}  ${JSON.stringify(step.variables)}`
    case 'skip':
      return 'skipped: its "if" is false'
    case 'hold':
      return `held for a person: ${step.message}`
    case 'waits':
      return pc.dim(step.message)
    case 'failed':
      return pc.red(`${step.reason}: ${step.message}`)
  }
}
