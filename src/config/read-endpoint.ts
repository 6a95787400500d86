/** Names of this machine: what goes there needs no TLS. */
export const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/

/** What `readEndpoint` takes, in words. */
export const ENDPOINT = 'an https URL without credentials, query and fragment (http only for this machine)'

/**
 * Reads the address of an API that is given a token; null where it is not `ENDPOINT`. The URL that was judged is the one
 * that is asked: nothing parses the text a second time.
 */
export function readEndpoint(text: string): URL | null {
  const url = URL.parse(text)
  if (url === null || url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') return null
  const isSafe = url.protocol === 'https:' || (url.protocol === 'http:' && LOOPBACK.test(url.hostname))
  return isSafe ? url : null
}
