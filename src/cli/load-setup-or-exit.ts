import { type Config, loadConfig } from '../config/load-config.ts'
import { formatProblem } from '../mapping/problem.ts'
import { loadSetup } from '../setup/load-setup.ts'
import type { Setup } from '../setup/setup.ts'
import { cliError, EXIT } from './exit.ts'

/** Loads configuration and mappings for a command, or ends it with every problem at once and exit code 78. */
export async function loadSetupOrExit(options: { config?: string }): Promise<Setup> {
  const loaded = await loadSetup(options.config === undefined ? {} : { file: options.config })
  if (loaded.ok) return loaded.setup
  throw cliError(EXIT.config, loaded.problems.map(formatProblem).join('\n'))
}

/** Loads the configuration alone for a command that needs no mappings, or ends it with every problem and exit code 78. */
export function loadConfigOrExit(options: { config?: string }): Config {
  const loaded = loadConfig(options.config === undefined ? {} : { file: options.config })
  if (loaded.ok) return loaded.config
  throw cliError(EXIT.config, loaded.problems.map(formatProblem).join('\n'))
}
