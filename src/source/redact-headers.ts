/** Headers that carry credentials whatever the scheme is. */
const ALWAYS_SECRET = new Set(['authorization', 'proxy-authorization', 'cookie', 'x-api-key', 'x-gitlab-token'])
export const REDACTED = '[redacted]'

/**
 * Copies raw headers (`[name, value, …]`) with lower-case names and credentials struck out: what is stored and what
 * mappings see. `secret` adds the header a static secret of the source travels in.
 */
export function redactHeaders(rawHeaders: readonly string[], secret: ReadonlySet<string>): string[] {
  const headers: string[] = new Array(rawHeaders.length)
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]!.toLowerCase()
    headers[i] = name
    headers[i + 1] = ALWAYS_SECRET.has(name) || secret.has(name) ? REDACTED : rawHeaders[i + 1]!
  }
  return headers
}

/** The list of headers of a stored event, which may be kept as JSON text. */
export function parseHeaders(headers: readonly string[] | string): readonly string[] {
  return typeof headers === 'string' ? (JSON.parse(headers) as string[]) : headers
}

/** Headers as pairs of a name and its value, in their order. */
export function headerPairs(headers: readonly string[]): [string, string][] {
  return Array.from({ length: headers.length / 2 }, (_, n) => [headers[2 * n]!, headers[2 * n + 1]!])
}

/** Headers as an object without prototype; repeated ones are joined with ", " (RFC 9110 5.3). */
export function headerMap(headers: readonly string[]): Record<string, string> {
  const map: Record<string, string> = Object.create(null)
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i]!.toLowerCase()
    const known = map[name]
    map[name] = known === undefined ? headers[i + 1]! : `${known}, ${headers[i + 1]!}`
  }
  return map
}
