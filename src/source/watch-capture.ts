import type { OpenWindow } from './capture-windows.ts'

/** What the person who opened the window is told, one line each; the last is `captured` or `closed`. */
export type CaptureLine =
  | { kind: 'open'; until: string }
  | { kind: 'waiting' }
  | {
      kind: 'captured'
      fingerprint: string
      inForce: boolean
      /** The secret itself, this once, where it must be pasted into the sender's page; else null. */
      secret: string | null
    }
  | { kind: 'closed' }

/** How often it is looked whether the time is up or the bridge stops. */
const LOOK_MS = 500
/** A connection that is silent for 30 s would be closed. */
const SIGN_OF_LIFE_MS = 10_000

/** Waits until a secret was taken over, the time is up, or the bridge stops; then the window is closed. */
export async function* watchCapture(
  window: OpenWindow,
  { untilAt, isShown, isClosing }: { untilAt: number; isShown: boolean; isClosing: () => boolean },
): AsyncGenerator<CaptureLine, void, void> {
  yield { kind: 'open', until: new Date(untilAt).toISOString() }
  const ended = window.ended.then(captured => ({ captured }))
  let toldAt = Date.now()
  while (Date.now() < untilAt && !isClosing()) {
    const found = await Promise.race([ended, wait(Math.min(LOOK_MS, Math.max(0, untilAt - Date.now())))])
    if (found !== null) {
      if (found.captured === null) break
      const { fingerprint, inForce, secret } = found.captured
      yield { kind: 'captured', fingerprint, inForce, secret: isShown ? secret : null }
      return
    }
    if (Date.now() - toldAt >= SIGN_OF_LIFE_MS) {
      toldAt = Date.now()
      yield { kind: 'waiting' }
    }
  }
  window.close()
  yield { kind: 'closed' }
}

function wait(ms: number): Promise<null> {
  return new Promise(resolve => setTimeout(resolve, ms, null))
}
