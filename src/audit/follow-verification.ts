import { BridgeError, type ErrorCode } from '../errors.ts'

/** How often it is told how far a verification has come, in ms. */
const PROGRESS_MS = 500

/** A line of a verification that is followed: how far it has come, and last what was found or went wrong. */
export type VerificationLine<Verdict> =
  | { kind: 'progress'; seq: number }
  | { kind: 'verdict'; verdict: Verdict }
  | { kind: 'error'; code: ErrorCode | 'internal'; message: string }

/**
 * Follows a verification from the moment of the call, also where nobody reads the lines. What goes wrong is the last line
 * too: whoever sends the lines on has sent the status before.
 */
export function followVerification<Verdict>(
  verify: (onProgress: (seq: number) => void) => Promise<Verdict>,
  { everyMs = PROGRESS_MS, onFailed }: { everyMs?: number; onFailed: (error: unknown) => void },
): AsyncGenerator<VerificationLine<Verdict>, void, void> {
  let seq = 0
  const ended: Promise<VerificationLine<Verdict>> = verify(row => {
    seq = row
  }).then(
    verdict => ({ kind: 'verdict', verdict }),
    (error: unknown) => {
      if (error instanceof BridgeError) return { kind: 'error', code: error.code, message: error.message }
      onFailed(error)
      return { kind: 'error', code: 'internal', message: 'The verification could not be finished' }
    },
  )
  return tell()

  async function* tell(): AsyncGenerator<VerificationLine<Verdict>, void, void> {
    for (;;) {
      const line = await Promise.race([ended, sleep(everyMs)])
      if (line !== null) return yield line
      yield { kind: 'progress', seq }
    }
  }
}

function sleep(ms: number): Promise<null> {
  return new Promise(resolve => setTimeout(resolve, ms, null))
}
