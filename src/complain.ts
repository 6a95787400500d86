import type { Logger } from 'pino'

/** Makes what is called where something in the background failed: one line in the log. */
export function complain(log: Logger, what: string): (error: unknown) => void {
  return error => log.error({ err: error }, what)
}
