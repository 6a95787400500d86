/** Longest query that is looked at, in characters. */
const QUERY_CHARS_MAX = 8_192

/** Every value of a parameter in a raw query, decoded; null where it cannot be. A name that is itself escaped counts too. */
export function readParameter(query: string, name: string): readonly (string | null)[] {
  if (query === '' || query.length > QUERY_CHARS_MAX) return []
  const values: (string | null)[] = []
  for (const pair of query.split('&')) {
    const equals = pair.indexOf('=')
    if (decode(equals === -1 ? pair : pair.slice(0, equals)) !== name) continue
    values.push(equals === -1 ? '' : decode(pair.slice(equals + 1)))
  }
  return values
}

/** Strikes the values of parameters out of a raw query; everything else stays as it came. */
export function redactQuery(query: string, names: ReadonlySet<string>): string {
  if (query === '' || names.size === 0) return query
  const pairs = query.split('&').map(pair => {
    const equals = pair.indexOf('=')
    const name = decode(equals === -1 ? pair : pair.slice(0, equals))
    return equals !== -1 && name !== null && names.has(name) ? `${pair.slice(0, equals)}=[redacted]` : pair
  })
  return pairs.join('&')
}

function decode(text: string): string | null {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return null
  }
}
