import { randomUUID } from 'node:crypto'
import type { Logger } from 'pino'
import { request } from 'undici'
import type { AlertWebhook } from '../config/read-alerts.ts'
import { signAlert } from './sign-alert.ts'

/** Alerts that wait to be sent, at most; further ones are in the log only. */
const QUEUE_MAX = 100
/** One request, answer included, in ms: a receiver that hangs holds up nothing but other alerts. */
const DEADLINE_MS = 5_000
/** Waits before further tries, in ms: about three minutes in all. */
const WAITS_MS = [1_000, 5_000, 30_000, 120_000]
/** Bytes of an answer that are read, so that its connection can be used again. */
const ANSWER_BYTES_MAX = 16_384

/** What is posted: the form that Standard Webhooks suggests. */
export interface AlertMessage {
  type: string
  timestamp: string
  data: { code: string; what: string; where: string; whatToDo: string; link: string | null; count: number }
}

/** What came of a try; `status` null = no answer. */
export type Posted = { delivered: true; status: number } | { delivered: false; status: number | null; reason: string }

export interface Postman {
  /** Puts a message into the queue. */
  send(message: AlertMessage): void
  sendOnce(message: AlertMessage): Promise<Posted>
  close(): Promise<void>
}

interface PostmanOptions {
  webhook: () => AlertWebhook | null
  log: Logger
  now: () => number
  waitsMs?: readonly number[] | undefined
}

/** Posts alerts one after another, each a few times; nobody waits for it. */
export function createPostman({ webhook, log, now, waitsMs = WAITS_MS }: PostmanOptions): Postman {
  const queue: AlertMessage[] = []
  const closing = new AbortController()
  let working: Promise<void> | null = null
  let dropped = 0

  const work = async (): Promise<void> => {
    while (queue.length > 0 && !closing.signal.aborted) {
      const message = queue.shift()!
      const posted = await sendAgain(message)
      if (!posted.delivered) log.error({ code: message.data.code, ...posted }, 'an alert could not be delivered')
    }
    working = null
  }
  const sendAgain = async (message: AlertMessage): Promise<Posted> => {
    const id = `msg_${randomUUID()}`
    for (let tries = 0; ; tries++) {
      const posted = await post(id, message)
      const waitMs = waitsMs[tries]
      if (posted.delivered || waitMs === undefined || !isWorthAnotherTry(posted.status)) return posted
      await sleep(waitMs, closing.signal)
      if (closing.signal.aborted) return posted
    }
  }
  const post = async (id: string, message: AlertMessage): Promise<Posted> => {
    const target = webhook()
    if (target === null) return { delivered: false, status: null, reason: 'no webhook is configured any more' }
    const signal = AbortSignal.any([AbortSignal.timeout(DEADLINE_MS), closing.signal])
    return postSigned(target, id, message, now(), signal)
  }
  return {
    send(message) {
      if (queue.length >= QUEUE_MAX) {
        dropped++
        return
      }
      queue.push(message)
      if (dropped > 0) log.error({ dropped }, 'alerts were not sent: too many were waiting')
      dropped = 0
      working ??= work()
    },
    sendOnce: message => post(`msg_${randomUUID()}`, message),
    async close() {
      closing.abort()
      await working
      if (queue.length + dropped > 0)
        log.warn({ alerts: queue.length + dropped }, 'alerts were not sent: the service stops')
    },
  }
}

async function postSigned(
  { url, secret }: AlertWebhook,
  id: string,
  message: AlertMessage,
  now: number,
  signal: AbortSignal,
): Promise<Posted> {
  const body = Buffer.from(JSON.stringify(message))
  try {
    // undici follows no redirect by itself
    const response = await request(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...signAlert(body, id, secret, now) },
      body,
      signal,
      reset: true,
    })
    const status = response.statusCode
    await response.body.dump({ limit: ANSWER_BYTES_MAX, signal })
    return status >= 200 && status < 300 ? { delivered: true, status } : { delivered: false, status, reason: 'refused' }
  } catch (error) {
    // neither message nor address: a URL of a chat service is a secret itself
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'no code'
    return { delivered: false, status: null, reason: signal.aborted ? reasonOf(signal) : code }
  }
}

function reasonOf({ reason }: AbortSignal): string {
  return reason instanceof Error && reason.name === 'TimeoutError' ? 'no answer in time' : 'the service stops'
}

/** What a receiver refuses for good is not sent again. */
function isWorthAnotherTry(status: number | null): boolean {
  return status === null || status === 408 || status === 429 || status >= 500
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    const end = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, ms)
    signal.addEventListener('abort', end)
  })
}
