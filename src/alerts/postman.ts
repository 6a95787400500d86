import { randomUUID } from 'node:crypto'
import type { Logger } from 'pino'
import { request } from 'undici'
import { complain } from '../complain.ts'
import type { AlertWebhook } from '../config/read-alerts.ts'
import { ALERT_AGE_MAX_MS, WAITING_ALERTS_MAX, type WaitingAlert } from '../store/alerts.ts'
import type { Store } from '../store/store.ts'
import { signAlert } from './sign-alert.ts'

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
const NO_WEBHOOK: Posted = { delivered: false, status: null, reason: 'no webhook is configured any more' }
const TOO_OLD: Posted = { delivered: false, status: null, reason: 'it is older than a day' }

/** Where alerts wait, so that neither a stop nor a death of the process loses them. */
export type Outbox = Pick<Store, 'recordAlert' | 'endAlert'>

export interface Postman {
  /** Puts a message into the queue and has it recorded; waits for neither. */
  send(about: string, message: AlertMessage): void
  sendOnce(message: AlertMessage): Promise<Posted>
  /** Ends what is being sent; what is recorded goes on at the next start. */
  close(): Promise<void>
}

interface PostmanOptions {
  webhook: () => AlertWebhook | null
  outbox: Outbox
  /** What an earlier process left, oldest first. */
  waiting: readonly WaitingAlert[]
  log: Logger
  now: () => number
  waitsMs?: readonly number[] | undefined
}

interface Queued {
  alert: WaitingAlert
  /** Whether it is in the outbox; never fails. */
  recorded: Promise<boolean>
}

/** Posts alerts one after another, each a few times; nobody waits for it. */
export function createPostman(options: PostmanOptions): Postman {
  const { waiting, log, now } = options
  const queue: Queued[] = waiting.map(alert => ({ alert, recorded: Promise.resolve(true) }))
  const closing = new AbortController()
  const { record, sendAgain, end, sendOnce } = createTries(options, closing.signal)
  let working: Promise<void> | null = null
  let dropped = 0

  const work = async (): Promise<void> => {
    while (queue.length > 0 && !closing.signal.aborted) {
      const posted = await sendAgain(queue[0]!)
      if (posted === null) break
      await end(queue.shift()!.alert, posted)
    }
    working = null
  }
  if (queue.length > 0) working = work()
  return {
    send(about, message) {
      if (queue.length >= WAITING_ALERTS_MAX) {
        dropped++
        return
      }
      const at = now()
      const alert = { id: newId(), about, body: JSON.stringify(message), raisedAt: at, tries: 0, dueAt: at }
      queue.push({ alert, recorded: record(alert) })
      if (dropped > 0) log.error({ dropped }, 'alerts were not sent: too many were waiting')
      dropped = 0
      working ??= work()
    },
    sendOnce,
    async close() {
      closing.abort()
      await working
      const recorded = (await Promise.all(queue.map(queued => queued.recorded))).filter(Boolean).length
      if (recorded > 0) log.info({ alerts: recorded }, 'alerts wait for the next start')
      const lost = queue.length - recorded + dropped
      if (lost > 0) log.warn({ alerts: lost }, 'alerts were not sent: the service stops')
    },
  }
}

/** What is done with one alert, from its record to its end. */
interface Tries {
  /** Whether the outbox took it; never fails. */
  record(alert: WaitingAlert): Promise<boolean>
  /** Null where the service stops before it came to an end. */
  sendAgain(queued: Queued): Promise<Posted | null>
  end(alert: WaitingAlert, posted: Posted): Promise<void>
  sendOnce(message: AlertMessage): Promise<Posted>
}

function createTries(options: Omit<PostmanOptions, 'waiting'>, stopping: AbortSignal): Tries {
  const { webhook, outbox, log, now, waitsMs = WAITS_MS } = options
  const post = (target: AlertWebhook, id: string, body: string): Promise<Posted> => {
    const signal = AbortSignal.any([AbortSignal.timeout(DEADLINE_MS), stopping])
    return postSigned(target, id, Buffer.from(body), now(), signal)
  }
  const record = (alert: WaitingAlert): Promise<boolean> =>
    outbox.recordAlert(alert).catch(error => {
      complain(log, 'an alert could not be recorded: a restart would lose it')(error)
      return false
    })
  return {
    record,
    async sendAgain(queued) {
      for (;;) {
        await queued.recorded
        const { alert } = queued
        // where the clock was set back, what is due would be far away
        await sleep(Math.min(alert.dueAt - now(), Math.max(...waitsMs)), stopping)
        if (stopping.aborted) return null
        if (now() - alert.raisedAt > ALERT_AGE_MAX_MS) return TOO_OLD
        const target = webhook()
        if (target === null) return NO_WEBHOOK
        const posted = await post(target, alert.id, alert.body)
        if (stopping.aborted && posted.status === null) return null
        const waitMs = waitsMs[alert.tries]
        if (posted.delivered || waitMs === undefined || !isWorthAnotherTry(posted.status)) return posted
        queued.alert = { ...alert, tries: alert.tries + 1, dueAt: now() + waitMs }
        // where the outbox takes no more, it still has what it took before
        const before = queued.recorded
        queued.recorded = record(queued.alert).then(async isRecorded => isRecorded || before)
      }
    },
    async end({ id, about, raisedAt: toldAt }, posted) {
      const [code] = about.split('\n', 1)
      if (!posted.delivered) log.error({ code, ...posted }, 'an alert could not be delivered')
      const told = posted.delivered ? { about, toldAt } : null
      await outbox.endAlert({ id, told }).catch(complain(log, 'an alert has ended, and a restart may send it again'))
    },
    async sendOnce(message) {
      const target = webhook()
      return target === null ? NO_WEBHOOK : post(target, newId(), JSON.stringify(message))
    },
  }
}

function newId(): string {
  return `msg_${randomUUID()}`
}

async function postSigned(
  { url, secret }: AlertWebhook,
  id: string,
  body: Buffer,
  now: number,
  signal: AbortSignal,
): Promise<Posted> {
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
    // an abort that has been is not told again
    if (signal.aborted || ms <= 0) return resolve()
    const end = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, ms)
    signal.addEventListener('abort', end)
  })
}
