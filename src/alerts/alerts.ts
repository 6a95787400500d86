import type { Logger } from 'pino'
import type { AlertsConfig } from '../config/read-alerts.ts'
import { ALERT_KINDS, type AlertKind } from './alert-kinds.ts'
import { type AlertMessage, createPostman, type Posted, type Postman } from './postman.ts'

/** Objects of which it is remembered that they were told of; of further ones in the same window one alert a kind is made. */
const WINDOWS_MAX = 1_000
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
  /** Ends what is being sent; what still waits is lost, and said in the log. */
  close(): Promise<void>
}

export interface AlertsOptions {
  /** What is configured now. */
  config: () => { alerts: AlertsConfig | null; publicUrl: string | null }
  log: Logger
  now: () => number
  /** Waits between tries in ms; left out = those of the service. */
  waitsMs?: readonly number[]
}

interface Window {
  openedAt: number
  last: Raised
  /** How often it happened again since it was told. */
  again: number
}

/** Tells of trouble: a log line, and a signed webhook where one is configured. */
export function createAlerts({ config, log, now, waitsMs }: AlertsOptions): Alerts {
  const windows = new Map<string, Window>()
  const postman: Postman = createPostman({ webhook: () => config().alerts?.webhook ?? null, log, now, waitsMs })

  const tell = (raised: Raised, count: number, { logs, webhook }: AlertsConfig): void => {
    const message = messageOf(raised, count, config().publicUrl, now())
    if (logs) log.warn(message.data, 'alert')
    if (webhook !== null) postman.send(message)
  }
  const raise = (raised: Raised): void => {
    const { alerts } = config()
    if (alerts === null || !alerts.on.has(raised.kind)) return
    const own = `${raised.kind}\n${raised.key}`
    const id = windows.has(own) || windows.size < WINDOWS_MAX ? own : raised.kind
    const count = raised.count ?? 1
    const window = windows.get(id)
    if (window !== undefined) {
      window.again += count
      window.last = raised
      return
    }
    windows.set(id, { openedAt: now(), last: raised, again: 0 })
    tell(raised, count, alerts)
  }
  const closeWindows = (): void => {
    const { alerts } = config()
    for (const [id, window] of windows) {
      if (alerts !== null && now() - window.openedAt < alerts.windowMs) continue
      windows.delete(id)
      if (window.again > 0) raise({ ...window.last, count: window.again })
    }
  }
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
