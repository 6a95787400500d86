import type { Logger } from 'pino'
import type { AlertsConfig } from '../config/read-alerts.ts'
import { TOLD_ALERTS_MAX, type WaitingAlert } from '../store/alerts.ts'
import { ALERT_KINDS, type AlertKind } from './alert-kinds.ts'
import { type AlertMessage, createPostman, type Outbox, type Posted, type Postman } from './postman.ts'

/** Objects of which it is remembered that they were told of; of further ones in the same window one alert a kind is made. */
const WINDOWS_MAX = TOLD_ALERTS_MAX
/** How often it is looked whether a window is over. */
const LOOK_MS = 1_000

/** Something a person should know. Neither a secret nor a payload may be in it. */
export interface Raised {
  kind: AlertKind
  /** What it is about: alerts of the same kind and key are one within `alerts.window`. */
  key: string
  what: string
  /** Where in the bridge: a mapping, a source, an integration, a file. */
  where: string
  /** Path of what it is about, below the public URL. */
  path: string
  /** How often it happened; left out = once. */
  count?: number
}

export interface Alerts {
  /** Never waits and never throws: what is told goes into a bounded queue. */
  raise(raised: Raised): void
  /** Sends a test alert to the webhook at once, once; null where none is configured. */
  test(): Promise<Posted | null>
  /** Ends what is being sent; what is recorded goes on at the next start. */
  close(): Promise<void>
}

export interface AlertsOptions {
  /** What is configured now. */
  config: () => { alerts: AlertsConfig | null; publicUrl: string | null }
  outbox: Outbox
  /** What an earlier process left to be delivered, oldest first. */
  waiting?: readonly WaitingAlert[]
  /** When what was told of, or waits, by its kind and key, was raised. */
  told?: ReadonlyMap<string, number>
  log: Logger
  now: () => number
  /** Waits between tries in ms; left out = those of the service. */
  waitsMs?: readonly number[]
}

interface Window {
  openedAt: number
  /** The last time it happened again since it was told, and how often in all. */
  again: (Raised & { count: number }) | null
}

/** Tells of trouble: a log line, and a signed webhook where one is configured. */
export function createAlerts(options: AlertsOptions): Alerts {
  const { config, outbox, waiting = [], told = new Map(), log, now, waitsMs } = options
  const windows = new Map<string, Window>()
  // a clock that was set back must not keep a window open
  for (const [about, toldAt] of told) windows.set(about, { openedAt: Math.min(toldAt, now()), again: null })
  const webhook = () => config().alerts?.webhook ?? null
  const postman: Postman = createPostman({ webhook, outbox, waiting, log, now, waitsMs })

  const tell = (about: string, raised: Raised, count: number, { logs, webhook }: AlertsConfig): void => {
    const message = messageOf(raised, count, config().publicUrl, now())
    if (logs) log.warn(message.data, 'alert')
    if (webhook !== null) postman.send(about, message)
  }
  const raise = (raised: Raised): void => {
    const { alerts } = config()
    if (alerts === null || !alerts.on.has(raised.kind)) return
    const own = nameOf(raised)
    const id = windows.has(own) || windows.size < WINDOWS_MAX ? own : raised.kind
    const count = raised.count ?? 1
    const window = windows.get(id)
    if (window !== undefined) {
      window.again = { ...raised, count: (window.again?.count ?? 0) + count }
      return
    }
    windows.set(id, { openedAt: now(), again: null })
    tell(id, raised, count, alerts)
  }
  const closeWindows = (): void => {
    const { alerts } = config()
    for (const [id, window] of windows) {
      if (alerts !== null && now() - window.openedAt < alerts.windowMs) continue
      windows.delete(id)
      if (window.again !== null) raise(window.again)
    }
  }
  closeWindows()
  const timer = setInterval(closeWindows, LOOK_MS)
  return {
    raise,
    async test() {
      const { alerts, publicUrl } = config()
      if (alerts === null || alerts.webhook === null) return null
      return postman.sendOnce(testMessage(publicUrl, now()))
    },
    async close() {
      clearInterval(timer)
      await postman.close()
    },
  }
}

/** What alerts are one by: kind and key. */
export function nameOf({ kind, key }: Pick<Raised, 'kind' | 'key'>): string {
  return `${kind}\n${key}`
}

function messageOf(
  { kind, what, where, path }: Raised,
  count: number,
  publicUrl: string | null,
  now: number,
): AlertMessage {
  return {
    type: `bridge.${kind}`,
    timestamp: new Date(now).toISOString(),
    data: { code: kind, what, where, whatToDo: ALERT_KINDS[kind], link: linkTo(publicUrl, path), count },
  }
}

function testMessage(publicUrl: string | null, now: number): AlertMessage {
  return {
    type: 'bridge.test',
    timestamp: new Date(now).toISOString(),
    data: {
      code: 'test',
      what: 'A test: somebody asked for it',
      where: 'alerts',
      whatToDo: 'Nothing: alerts arrive here',
      link: linkTo(publicUrl, '/api/stats'),
      count: 1,
    },
  }
}

/** Null without `listen.publicUrl`: an address that only this machine knows helps nobody. */
function linkTo(publicUrl: string | null, path: string): string | null {
  return publicUrl === null ? null : publicUrl.replace(/\/+$/, '') + path
}
