import { isUtf8 } from 'node:buffer'
import { request } from 'undici'
import { dropAnswer, readAnswer } from '../read-answer.ts'

/** The whole fetch, in ms: a delivery waits for it, and its sender may wait for 10 s only. */
const FETCH_MS_MAX = 5_000
/** Largest key set, in bytes. GitHub's has 10 KB. */
const KEYS_BYTES_MAX = 262_144

/**
 * Fetches the text of a key set. Only from the URL that the configuration names: no redirect is followed. Rejects after
 * `timeMs`, for any status but 200, and for what is too large.
 */
export async function fetchKeys(url: string, timeMs = FETCH_MS_MAX): Promise<string> {
  const signal = AbortSignal.timeout(timeMs)
  const { statusCode, body } = await request(url, {
    signal,
    headers: { accept: 'application/jwk-set+json, application/json' },
    // fetched every ten minutes at most: a connection kept for the next time would only be in the way of a shutdown
    reset: true,
  })
  if (statusCode !== 200) {
    dropAnswer(body)
    throw new Error(`status ${statusCode}`)
  }
  const text = await readAnswer(body, KEYS_BYTES_MAX)
  if (text === null) throw new Error(`more than ${KEYS_BYTES_MAX} bytes`)
  if (!isUtf8(text)) throw new Error('not UTF-8')
  return text.toString('utf8')
}
