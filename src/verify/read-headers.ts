/** Longest header value that is looked at, in bytes (a latin1 string has one character a byte). Ten SHA-512 signatures fit three times over. */
export const HEADER_BYTES_MAX = 4_096

/**
 * Picks headers out of Node's raw list in one pass. Returns the values in the order of `names`, undefined where one is absent,
 * or null when any of them comes more than once: Node joins repeated headers or silently keeps the first, and either would let
 * an attacker choose which of two signatures is read. `headersDistinct` is not used: it dies of a header named `__proto__` (CVE-2026-21710).
 */
export function readHeaders(
  rawHeaders: readonly string[],
  names: readonly string[],
): readonly (string | undefined)[] | null {
  const values: (string | undefined)[] = new Array(names.length).fill(undefined)
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const at = findName(names, rawHeaders[i]!)
    if (at === -1) continue
    if (values[at] !== undefined) return null
    values[at] = rawHeaders[i + 1]!
  }
  return values
}

function findName(names: readonly string[], received: string): number {
  for (let i = 0; i < names.length; i++) {
    const name = names[i]!
    // Most headers differ in length: comparing that first leaves the lower-casing to the few that do not.
    if (name.length === received.length && name === received.toLowerCase()) return i
  }
  return -1
}
