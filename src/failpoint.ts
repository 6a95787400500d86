/**
 * Named places at which a test may have the process die as if its power had been cut. Nothing is armed unless
 * `BRIDGE_FAILPOINT` names a place (and which passage of it: `after_intent:3`), which only tests do.
 */
export type Failpoint =
  | 'before_commit'
  | 'after_commit'
  | 'before_answer'
  | 'after_answer'
  | 'after_routes'
  | 'after_claim'
  | 'after_intent'
  | 'after_send'
  | 'after_response'
  | 'after_outcome'

let armed: { name: string; passages: number } | null = null

/** Arms one failpoint; `spec` is `name` or `name:passage`. */
export function armFailpoint(spec: string | undefined): void {
  if (spec === undefined) return
  const [name = '', passage = '1'] = spec.split(':')
  armed = { name, passages: Number(passage) }
}

/** Whether a place is armed, for callers that would have to do something to reach it. */
export function isArmed(name: Failpoint): boolean {
  return armed?.name === name
}

/** Ends the process here and now where this place is armed and its passage has come. */
export function failpoint(name: Failpoint): void {
  if (armed === null || armed.name !== name) return
  armed.passages--
  if (armed.passages <= 0) process.kill(process.pid, 'SIGKILL')
}
