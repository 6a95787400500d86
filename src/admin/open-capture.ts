import type { Bridge } from '../bridge.ts'
import { BridgeError } from '../errors.ts'
import { fingerprintToken } from '../ledger/fingerprint.ts'
import { type CaptureLine, watchCapture } from '../source/watch-capture.ts'
import { adminActor } from '../store/audit.ts'

export interface CaptureRequest {
  source: string
  /** Name of the admin key. */
  admin: string
  minutes: number
  /** Although the source has a secret. */
  replace: boolean
}

/**
 * Opens a window in which a source takes over the secret that its sender hands out. `lines` tells of it and ends with it;
 * `close` ends it, more than once without harm. Throws `not_found`, `invalid_request`, `files_differ`, `secret_exists`, `busy`.
 */
export async function openCapture(
  bridge: Bridge,
  { source: name, admin, minutes, replace }: CaptureRequest,
): Promise<{ lines: AsyncGenerator<CaptureLine, void, void>; close: () => void }> {
  const source = bridge.live.setup.sources.get(name)
  if (source === undefined) throw new BridgeError('not_found', 'No source of this name is here')
  if (source.capture === null)
    throw new BridgeError('invalid_request', 'The source does not have "capture": true in bridge.json')
  // else what is taken over could not be put in force
  if (bridge.live.problems.length > 0)
    throw new BridgeError('files_differ', 'The files on disk are not valid: see /health/ready')
  const present = source.secrets[0]?.value
  if (present !== undefined && !replace)
    throw new BridgeError('secret_exists', 'The source has a secret, which would count no longer: "replace" says so')
  const replaces = present === undefined ? null : fingerprintToken(present)
  const window = bridge.captures.open(name, replaces)
  if (window === null) throw new BridgeError('busy', 'Another window is open for this source', { retryAfterSec: 10 })
  const now = Date.now()
  try {
    const detail = { minutes, replaces }
    const entry = { at: now, actor: adminActor(admin), action: 'source.capture_opened', source: name, detail } as const
    await bridge.store.recordAudit([entry])
  } catch (error) {
    window.close()
    throw error
  }
  bridge.log.info({ admin, source: name, minutes }, 'a window for the secret of a source is open')
  const untilAt = now + minutes * 60_000
  const lines = watchCapture(window, { untilAt, isShown: source.capture.shown, isClosing: () => bridge.closing })
  return { lines, close: window.close }
}
