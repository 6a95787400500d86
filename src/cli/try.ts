import { BridgeError } from '../errors.ts'
import type { CheckedMapping } from '../mapping/checked-mapping.ts'
import { readEvent, type Trial, type TriedEvent, tryEvent } from '../plan/try-payload.ts'
import type { Setup } from '../setup/setup.ts'
import { cliError, EXIT } from './exit.ts'
import { loadSetupOrExit } from './load-setup-or-exit.ts'
import { readHeaderOptions, readInput } from './read-input.ts'
import { planTrial, type TrialPlan } from './try-plan.ts'
import { printTrial } from './try-print.ts'
import { saveTest } from './try-save-test.ts'

interface TryOptions {
  payload: string
  type?: string
  header?: string[]
  plan?: boolean
  saveTest?: string
  json?: boolean
  config?: string
}

/** Shows whether a payload matches a mapping and why, and what would be sent or changed; sends no mutation. */
export async function tryMapping(name: string, options: TryOptions): Promise<number> {
  const setup = await loadSetupOrExit(options)
  const mapping = setup.mappings.get(name)
  if (mapping === undefined)
    throw cliError(EXIT.usage, `"${name}": expected one of the mappings ${[...setup.mappings.keys()].join(', ')}`)
  const body = readInput(options.payload)
  const event = readEventOrExit(setup, mapping, body, options)
  const trial = tryEvent(setup, mapping, event)
  const preview =
    options.plan === true && trial.plan?.ok ? await planTrial(setup, mapping, event.scope, trial.plan.jobs) : null
  const saved =
    options.saveTest === undefined
      ? null
      : await saveTest(setup, mapping, { name: options.saveTest, body, event, trial, preview })
  if (options.json === true)
    process.stdout.write(`${JSON.stringify({ ...trial, ...(preview && { preview }), ...(saved && { saved }) })}\n`)
  else printTrial(trial, { setup, preview, saved })
  return isFine(trial, preview) ? EXIT.done : EXIT.failed
}

/** The payload matches, and no job of it would be dead (as far as that is known). */
function isFine({ match, plan, jobs }: Trial, preview: TrialPlan | null): boolean {
  if (!match.matched || plan?.ok !== true) return false
  return preview === null
    ? jobs.every(steps => steps.every(step => step.kind !== 'failed'))
    : preview.jobs.every(({ outcome }) => outcome !== 'dead' && outcome !== 'unread')
}

/** The same as `readEvent`; a payload that cannot be read ends the command. */
function readEventOrExit(
  setup: Setup,
  mapping: CheckedMapping,
  body: Buffer,
  { type, header }: TryOptions,
): TriedEvent {
  const headers = readHeaderOptions(header)
  try {
    return readEvent(setup, mapping, body, { headers, ...(type !== undefined && { type }) })
  } catch (error) {
    if (error instanceof BridgeError && error.code === 'invalid_request') throw cliError(EXIT.usage, error.message)
    throw error
  }
}
