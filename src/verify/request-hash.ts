import { hash } from 'node:crypto'
import { parseForm } from '../mapping/parse-form.ts'

/** The parameter in which Atlassian may send a token instead of the header; it is no part of the hash. */
const TOKEN_PARAMETER = 'jwt'

/** What of a request is the same for all deliveries: path and query of the URL that the sender was given. */
export interface RequestPlace {
  path: string
  query: string
}

/** Takes apart a configured URL. The path keeps no slash at its end, and `&` is escaped in it, which joins the parts of the hash. */
export function placeOfUrl(url: string): RequestPlace {
  const { pathname, search } = new URL(url)
  return { path: pathname.replace(/\/$/, '').replaceAll('&', '%26') || '/', query: search.slice(1) }
}

/**
 * The hash of a request that Atlassian's tokens hold as `qsh`: SHA-256 in hex of method, path and parameters. Parameters are
 * percent-encoded as RFC 3986 says and sorted by code point; values of a repeated one stand in one list. Null where the query
 * cannot be read, or carries a token of its own, which nothing would vouch for.
 * Source: developer.atlassian.com/cloud/bitbucket/query-string-hash
 */
export function hashRequest(method: string, path: string, query: string): string | null {
  const parsed = query.isWellFormed() ? parseForm(query) : { ok: false as const }
  if (!parsed.ok || Object.hasOwn(parsed.fields, TOKEN_PARAMETER)) return null
  const parameters = Object.entries(parsed.fields).map(([name, value]) => {
    const values = (Array.isArray(value) ? value : [value]).map(percentEncode).sort()
    return [percentEncode(name), values.join(',')] as const
  })
  parameters.sort(([left], [right]) => (left < right ? -1 : 1))
  const text = parameters.map(pair => pair.join('=')).join('&')
  return hash('sha256', `${method.toUpperCase()}&${path}&${text}`, 'hex')
}

/** Everything but letters, digits and `-._~`. */
function percentEncode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, each => `%${each.charCodeAt(0).toString(16).toUpperCase()}`)
}
