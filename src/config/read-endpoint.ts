import { isTokenSafe } from './is-token-safe.ts'

/** What `readEndpoint` takes, in words. */
export const ENDPOINT = 'an https URL without credentials, query and fragment (http only for this machine)'

/**
 * Reads the address of an API that is given a token; null where it is not `ENDPOINT`. The URL that was judged is the one
 * that is asked: nothing parses the text a second time.
 */
export function readEndpoint(text: string): URL | null {
  const url = URL.parse(text)
  if (url === null || url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') return null
  return isTokenSafe(url) ? url : null
}
