import { request } from 'undici'

const ASK_MAX_MS = 5_000

/** Asks the endpoint what time it is, by the `Date` header of an answer without a token; null where it does not say. */
export async function askDate(endpoint: string): Promise<number | null> {
  try {
    const signal = AbortSignal.timeout(ASK_MAX_MS)
    const { headers, body } = await request(endpoint, { method: 'HEAD', signal })
    await body.dump()
    const at = Date.parse(String(headers.date))
    return Number.isNaN(at) ? null : at
  } catch {
    return null
  }
}
