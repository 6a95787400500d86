/** Scheme, user and host of a URL; then its port. */
const AUTHORITY = /^(https?:\/\/(?:[^/?#]*@)?(?:\[[^\]/?#]*\]|[^/?#:]*))(:[0-9]*)?/

/**
 * Gives a URL as it is, and with its port left out, or with the usual one where it has none: Twilio signs the one for some
 * of its products and the other for others (twilio-node issue 411, twilio-python issue 402), and its libraries try both.
 */
export function varyPort(url: string): readonly [string, string] {
  const other = url.replace(AUTHORITY, (_, start: string, port: string | undefined) => {
    if (port !== undefined) return start
    return `${start}:${url.startsWith('https:') ? 443 : 80}`
  })
  return [url, other]
}
