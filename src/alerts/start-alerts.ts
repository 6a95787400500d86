import type { Logger } from 'pino'
import type { Activity } from '../metrics/activity.ts'
import type { Live } from '../setup/setup.ts'
import type { Store } from '../store/store.ts'
import { type Alerts, createAlerts } from './alerts.ts'
import { createLook } from './look-for-trouble.ts'
import { watchAudit } from './watch-audit.ts'

/** How often it is looked for trouble. */
const LOOK_EVERY_MS = 5_000

/**
 * Starts to look for trouble and to tell of it; before anything is recovered, so that what that finds is told of too.
 * `store` is the one to go on with: its account is listened to.
 */
export async function startAlerts(options: {
  live: Live
  store: Store
  activity: Activity
  log: Logger
}): Promise<{ alerts: Alerts; store: Store; stop: () => Promise<void> }> {
  const { live, activity, log } = options
  const config = () => {
    const { alerts, listen } = live.setup.config
    return { alerts, publicUrl: listen.publicUrl }
  }
  const { waiting, told: delivered } = await options.store.readAlerts()
  const told = new Map(delivered.map(({ about, toldAt }) => [about, toldAt]))
  for (const { about, raisedAt } of waiting) told.set(about, raisedAt)
  const alerts = createAlerts({ config, outbox: options.store, waiting, told, log, now: Date.now })
  const store = watchAudit(options.store, alerts)
  const look = createLook({ store, live, activity, alerts, told, now: Date.now })
  let looking: Promise<void> = Promise.resolve()
  const lookSafely = (): void => {
    // where nobody is to be told nothing is read
    if (live.setup.config.alerts === null) return
    looking = looking.then(look).catch(error => log.error({ err: error }, 'it could not be looked for trouble'))
  }
  lookSafely()
  await looking
  const timer = setInterval(lookSafely, LOOK_EVERY_MS)
  const stop = async (): Promise<void> => {
    clearInterval(timer)
    await looking
    await alerts.close()
  }
  return { alerts, store, stop }
}
