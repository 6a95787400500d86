import type { DeliveryHead } from './delivery.ts'
import { readParameter } from './read-parameter.ts'

/** Parts of the request that come out of its URL; the source must say it, for the request cannot vouch for it. */
const FROM_URL: ReadonlySet<string> = new Set([
  '@authority',
  '@scheme',
  '@path',
  '@target-uri',
  '@request-target',
  '(request-target)',
])
const HEADER = /^[a-z0-9!#$%&'*+.^_`|~-]{1,64}$/
const QUERY_PARAMETER = /^;name="([A-Za-z0-9%*._-]{1,128})"$/

/** Whether a component can only be known from the URL that the sender was given. */
export function needsUrl(name: string): boolean {
  return FROM_URL.has(name)
}

/**
 * The value of a component (RFC 9421 2, and `(request-target)` of the draft); null where it is absent or not known here.
 * Host and path are those of the configured URL, the query is that of the request.
 */
export function readComponent(name: string, parameters: string, head: DeliveryHead, url: URL | null): string | null {
  if (name === '@query-param') return readQueryParameter(parameters, head.query)
  // `sf`, `bs`, `key`, `tr` and `req` ask for other forms of a field, which no webhook sender needs
  if (parameters !== '') return null
  if (name === '@method') return head.method
  if (name === '@query') return `?${head.query}`
  if (!needsUrl(name)) return HEADER.test(name) ? readField(head.rawHeaders, name) : null
  return url === null ? null : readFromUrl(name, head, url)
}

function readFromUrl(name: string, { method, query }: DeliveryHead, url: URL): string {
  const target = url.pathname + (query === '' ? '' : `?${query}`)
  switch (name) {
    case '@authority':
      return url.host
    case '@scheme':
      return url.protocol.slice(0, -1)
    case '@path':
      return url.pathname
    case '@target-uri':
      return url.origin + target
    case '(request-target)':
      return `${method.toLowerCase()} ${target}`
    default:
      return target
  }
}

/** Fields that come more than once are one, joined as RFC 9421 2.1 says and as mappings see them. Node has taken the white space around them. */
function readField(rawHeaders: readonly string[], name: string): string | null {
  const values: string[] = []
  for (let i = 0; i + 1 < rawHeaders.length; i += 2)
    if (rawHeaders[i]!.length === name.length && rawHeaders[i]!.toLowerCase() === name) values.push(rawHeaders[i + 1]!)
  return values.length === 0 ? null : values.join(', ')
}

function readQueryParameter(parameters: string, query: string): string | null {
  const name = QUERY_PARAMETER.exec(parameters)?.[1]
  if (name === undefined) return null
  let decoded: string
  try {
    decoded = decodeURIComponent(name)
  } catch {
    return null
  }
  if (escapeParameter(decoded) !== name) return null
  const values = readParameter(query, decoded)
  return values.length === 1 && typeof values[0] === 'string' ? escapeParameter(values[0]) : null
}

/** The percent-encode set of forms, with %20 for a space (RFC 9421 2.2.8). */
function escapeParameter(text: string): string {
  return encodeURIComponent(text).replace(/[!'()~]/g, each => `%${each.charCodeAt(0).toString(16).toUpperCase()}`)
}
