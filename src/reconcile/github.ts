import { createPrivateKey } from 'node:crypto'
import { SignJWT } from 'jose/jwt/sign'
import { isObject, objectAt, pickHeaders, textAt, toBody } from './read-json.ts'
import type { ReconcileConfig } from './reconcile-config.ts'
import type { Asked, Attempt, SenderApi } from './sender-api.ts'
import { findBearerProblem } from './token-problem.ts'

const HOOK = /^(repos\/[A-Za-z0-9_.-]{1,100}\/[A-Za-z0-9_.-]{1,100}|orgs\/[A-Za-z0-9_.-]{1,100})\/hooks\/[0-9]{1,20}$/
/** Attempts on one page: the most GitHub gives. */
const PAGE_ATTEMPTS = 100
/** A token of an App lives for 10 minutes at most; clocks may be a minute apart. */
const APP_TOKEN_SEC = 540
const APP_SKEW_SEC = 60
/** What the API tells of the headers; a signature is left out, because it is over bytes that the API does not give. */
const HEADERS = ['x-github-', 'user-agent']

/**
 * GitHub keeps attempts for 3 days (GitHub Enterprise Server: 7) and repeats none by itself. A list tells how each ended, `status`
 * "OK" or not; a redelivery has the same guid; the payload is asked for one by one.
 * docs.github.com/en/rest/repos/webhooks, /rest/orgs/webhooks, /rest/apps/webhooks,
 * docs.github.com/en/webhooks/using-webhooks/handling-failed-webhook-deliveries (read November 2026).
 */
export const github: SenderApi = {
  endpoint: 'https://api.github.com',
  hookExpected: '"repos/<owner>/<name>/hooks/<id>", "orgs/<name>/hooks/<id>" or "app"',
  takesTypes: false,
  readHook(hook = '') {
    if (hook === 'app') return 'app/hook'
    return HOOK.test(hook) && !hook.split('/').some(part => part === '.' || part === '..') ? hook : null
  },
  findTokenProblem: (token, isApp) => (isApp ? findKeyProblem(token) : findBearerProblem(token)),
  async headersFor(config, now) {
    const token = config.appId === null ? config.token : await signAppToken(config, now)
    return {
      authorization: `Bearer ${token}`,
      accept: 'application/vnd.github+json',
      'x-github-api-version': '2022-11-28',
    }
  },
  firstPage: ({ config }) => `/${config.hook}/deliveries?per_page=${PAGE_ATTEMPTS}`,
  readPage({ json, headers }, _path, { config, sinceAt }) {
    if (!Array.isArray(json)) return null
    const attempts = json.map(item => readAttempt(item, config))
    if (!attempts.every(attempt => attempt !== null)) return null
    const oldestAt = attempts.at(-1)?.at ?? Number.POSITIVE_INFINITY
    const cursor = attempts.length === 0 || oldestAt < sinceAt ? null : readCursor(headers.get('link') ?? '')
    const next = cursor === null ? null : `${this.firstPage({ config, sinceAt })}&cursor=${encodeURIComponent(cursor)}`
    return { attempts, next }
  },
  readContent({ json }, { event }) {
    if (textAt(json, 'guid') !== event) return null
    const request = objectAt(json, 'request')
    const headers = pickHeaders(request.headers, HEADERS)
    if (!isObject(request.payload))
      return { headers, content: { kind: 'gone', message: 'GitHub does not keep its payload any more' } }
    return { headers, content: { kind: 'body', body: toBody(request.payload) } }
  },
}

function readAttempt(item: unknown, { hook }: Asked['config']): Attempt | null {
  const [id, guid, event] = [textAt(item, 'id'), textAt(item, 'guid'), textAt(item, 'event')]
  const at = Date.parse(textAt(item, 'delivered_at') ?? '')
  if (id === null || !/^[0-9]+$/.test(id) || guid === null || event === null || Number.isNaN(at)) return null
  const action = textAt(item, 'action')
  return {
    event: guid,
    isDelivered: textAt(item, 'status') === 'OK',
    type: action === null ? event : `${event}.${action}`,
    at,
    headers: pickHeaders({ 'x-github-event': event, 'x-github-delivery': guid }, HEADERS),
    content: { kind: 'at', path: `/${hook}/deliveries/${id}` },
  }
}

/** Of the address of the next page only the cursor is taken: where to ask is said by the configuration, not by an answer. */
function readCursor(link: string): string | null {
  const next = link.split(',').find(part => /;\s*rel="next"/.test(part))
  const url = URL.parse(/<([^>]*)>/.exec(next ?? '')?.[1] ?? '')
  return url?.searchParams.get('cursor') ?? null
}

async function signAppToken({ token, appId }: ReconcileConfig, now: number): Promise<string> {
  const nowSec = Math.floor(now / 1_000)
  return new SignJWT()
    .setProtectedHeader({ alg: 'RS256' })
    .setIssuer(appId!)
    .setIssuedAt(nowSec - APP_SKEW_SEC)
    .setExpirationTime(nowSec + APP_TOKEN_SEC)
    .sign(readPrivateKey(token)!)
}

function findKeyProblem(token: string): string | null {
  return readPrivateKey(token) === null ? 'the private key (RSA, PEM) of the GitHub App' : null
}

function readPrivateKey(token: string): ReturnType<typeof createPrivateKey> | null {
  try {
    const key = createPrivateKey(token.replaceAll('\\n', '\n'))
    return key.asymmetricKeyType === 'rsa' ? key : null
  } catch {
    return null
  }
}
