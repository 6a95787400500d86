/** Longest wait that is granted, in ms; a longer one is cut to it (RFC 7240 4.3 leaves that to the server). */
const WAIT_MS_MAX = 30_000
const WAIT = /(?:^|,)[ \t]*wait[ \t]*=[ \t]*(?:"([0-9]{1,9})"|([0-9]{1,9}))[ \t]*(?:[;,]|$)/i

/** Reads `Prefer: wait=<seconds>` (RFC 7240), the first one where there are several; null where none is asked for. */
export function readWait(prefer: string | string[] | undefined): number | null {
  if (prefer === undefined) return null
  const match = WAIT.exec(typeof prefer === 'string' ? prefer : prefer.join(', '))
  if (match === null) return null
  const waitMs = Math.min(Number(match[1] ?? match[2]) * 1_000, WAIT_MS_MAX)
  return waitMs === 0 ? null : waitMs
}
