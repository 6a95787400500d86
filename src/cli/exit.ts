/** Exit codes (interface.md 7). */
export const EXIT = { done: 0, failed: 1, usage: 2, config: 78 } as const

/** What makes `CliError`: an exit code and one line for the person at the terminal. */
export type CliError = Error & { exitCode: number }

/** Ends a command with a message and an exit code. */
export function cliError(exitCode: number, message: string): CliError {
  return Object.assign(new Error(message), { exitCode })
}

/** Whether an error carries an exit code of ours. */
export function isCliError(error: unknown): error is CliError {
  return error instanceof Error && 'exitCode' in error && typeof error.exitCode === 'number'
}
