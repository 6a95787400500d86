import { hash } from 'node:crypto'

/** What PayPal is asked of one delivery (developer.paypal.com/api/webhooks/v1/definitions/verify_webhook_signature). */
export interface PostbackRequest {
  /** JSON: the five headers of the delivery and the id of the webhook. */
  proof: Readonly<Record<string, string>>
  /** The body of the delivery, one JSON object, as its text. */
  event: string
}

/** What it said; only `genuine` is a yes, and only `forged` a no. */
export type PostbackAnswer = 'genuine' | 'forged' | 'unavailable' | 'refuses_us'

/** The API of a sender that judges its own deliveries. */
export interface Postback {
  /** `credentials` is "client_id:client_secret". Never rejects. */
  ask(request: PostbackRequest, credentials: string, now: number): Promise<PostbackAnswer>
}

/** One request to the API: `status` 0 = there was no answer. Must end by itself in a few seconds, and never reject. */
export type PostbackCall = (
  path: string,
  headers: Readonly<Record<string, string>>,
  body: string,
) => Promise<{ status: number; json: unknown; retryAfterMs: number | null }>

/** An answer counts this long for the very same delivery, so that one that is repeated costs one question. */
export const ANSWER_KEPT_MS = 60_000
const ANSWERS_MAX = 1_000
/** Questions under way at once: nobody can make the bridge ask more by sending more. */
export const QUESTIONS_MAX = 8
/** After PayPal could not be asked, or asked for a pause, it is left alone this long (longer where it says so, up to the cap). */
export const POSTBACK_COOL_DOWN_MS = 5_000
const PAUSE_MS_MAX = 300_000
/** An access token is not used in its last minute. */
const TOKEN_MARGIN_MS = 60_000

/**
 * Keeps what asking needs: access tokens by client credentials (developer.paypal.com/api/rest/authentication/), answers for a
 * minute, and a pause where the API is away. Equal deliveries that come at once share one question.
 */
export function createPostback(call: PostbackCall): Postback {
  const tokens = new Map<string, { token: string; untilAt: number }>()
  const answers = new Map<string, { answer: PostbackAnswer; untilAt: number }>()
  const asking = new Map<string, Promise<PostbackAnswer>>()
  let pausedUntilAt = 0

  const pause = (now: number, ms: number | null): PostbackAnswer => {
    pausedUntilAt = now + Math.min(Math.max(ms ?? 0, POSTBACK_COOL_DOWN_MS), PAUSE_MS_MAX)
    return 'unavailable'
  }
  const fetchToken = async (credentials: string, now: number): Promise<string | PostbackAnswer> => {
    const authorization = `Basic ${Buffer.from(credentials).toString('base64')}`
    const headers = { authorization, 'content-type': 'application/x-www-form-urlencoded' }
    const { status, json, retryAfterMs } = await call('/v1/oauth2/token', headers, 'grant_type=client_credentials')
    if (status === 401 || status === 403) return 'refuses_us'
    const { access_token: token, expires_in: seconds } = (json ?? {}) as Record<string, unknown>
    const isSound = typeof token === 'string' && /^[\x21-\x7e]{1,4096}$/.test(token) && typeof seconds === 'number'
    if (status !== 200 || !isSound) return pause(now, retryAfterMs)
    tokens.set(credentials, { token, untilAt: now + seconds * 1_000 - TOKEN_MARGIN_MS })
    return `Bearer ${token}`
  }
  const findToken = async (credentials: string, now: number): Promise<string | PostbackAnswer> => {
    const known = tokens.get(credentials)
    return known !== undefined && known.untilAt > now ? `Bearer ${known.token}` : fetchToken(credentials, now)
  }
  const question = async (body: string, credentials: string, now: number): Promise<PostbackAnswer> => {
    // once more with a new token, where this one has been revoked
    for (const isLast of [false, true]) {
      const authorization = await findToken(credentials, now)
      if (!authorization.startsWith('Bearer ')) return authorization as PostbackAnswer
      const headers = { authorization, 'content-type': 'application/json' }
      const { status, json, retryAfterMs } = await call('/v1/notifications/verify-webhook-signature', headers, body)
      if (status === 401 && !isLast) {
        tokens.delete(credentials)
        continue
      }
      if (status === 401 || status === 403) return 'refuses_us'
      // it does not understand the question: nobody's fault that can be told from here, and no reason to pause
      if (status >= 400 && status < 500 && status !== 429) return 'unavailable'
      const said = (json as Record<string, unknown> | null)?.verification_status
      if (status === 200 && said === 'SUCCESS') return 'genuine'
      if (status === 200 && said === 'FAILURE') return 'forged'
      return pause(now, retryAfterMs)
    }
    return 'refuses_us'
  }
  const keep = (key: string, answer: PostbackAnswer, now: number): void => {
    if (answer !== 'genuine' && answer !== 'forged') return
    if (answers.size >= ANSWERS_MAX) answers.delete(answers.keys().next().value!)
    answers.set(key, { answer, untilAt: now + ANSWER_KEPT_MS })
  }

  return {
    async ask({ proof, event }, credentials, now) {
      // written around the body as it came: parsing and writing it again would change what is signed
      const body = `${JSON.stringify(proof).slice(0, -1)},"webhook_event":${event}}`
      const key = hash('sha256', `${credentials}\n${body}`, 'hex')
      const known = answers.get(key)
      if (known !== undefined && known.untilAt > now) return known.answer
      const same = asking.get(key)
      if (same !== undefined) return same
      if (pausedUntilAt > now || asking.size >= QUESTIONS_MAX) return 'unavailable'
      const asked = question(body, credentials, now)
      asking.set(key, asked)
      try {
        const answer = await asked
        keep(key, answer, now)
        return answer
      } finally {
        asking.delete(key)
      }
    },
  }
}
