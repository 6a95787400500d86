import { isUtf8 } from 'node:buffer'
import { request } from 'undici'
import { readAnswer } from '../read-answer.ts'
import type { PostbackCall } from '../verify/postback.ts'

/** One request, in ms: a delivery waits for two of them at most, and its sender for the answer. */
const CALL_MS_MAX = 5_000
/** Largest answer, in bytes. One has 40. */
const ANSWER_BYTES_MAX = 65_536

/** Posts to an API that is asked whether a delivery is genuine. No redirect is followed. Never rejects: no answer is status 0. */
export async function callPostback(
  endpoint: string,
  ...[path, headers, body]: Parameters<PostbackCall>
): ReturnType<PostbackCall> {
  try {
    const response = await request(endpoint.replace(/\/+$/, '') + path, {
      method: 'POST',
      signal: AbortSignal.timeout(CALL_MS_MAX),
      headers: { accept: 'application/json', ...headers },
      body,
      reset: true,
    })
    const after = response.headers['retry-after']
    const retryAfterMs = typeof after === 'string' && /^[0-9]{1,6}$/.test(after) ? Number(after) * 1_000 : null
    return { status: response.statusCode, json: await readJson(response.body), retryAfterMs }
  } catch {
    return { status: 0, json: null, retryAfterMs: null }
  }
}

/** Null where it is no JSON; too large, it is no answer. */
async function readJson(body: Parameters<typeof readAnswer>[0]): Promise<unknown> {
  const whole = await readAnswer(body, ANSWER_BYTES_MAX)
  if (whole === null) throw new Error('too large')
  try {
    return isUtf8(whole) ? JSON.parse(whole.toString('utf8')) : null
  } catch {
    return null
  }
}
