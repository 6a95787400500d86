import type { AlertKind } from '../alerts/alert-kinds.ts'
import { decodeStandardSecret } from '../verify/compile-standard-webhooks.ts'
import type { BridgeFile } from './bridge-schema.ts'
import { isTokenSafe } from './is-token-safe.ts'
import { parseDuration } from './parse-duration.ts'
import type { ConfigFinding } from './problem.ts'
import { resolveSecret } from './resolve-secret.ts'

export interface AlertWebhook {
  /** May hold a credential itself (chat services): never logged. */
  url: URL
  /** `whsec_…`. Never logged, stored or put into a message. */
  secret: string
}

export interface AlertsConfig {
  webhook: AlertWebhook | null
  logs: boolean
  on: ReadonlySet<AlertKind>
  windowMs: number
  /** Open jobs above which the backlog is told of. */
  backlogJobsMark: number
}

/** Reads `alerts`; null where nothing is to be told. */
export function readAlerts(
  { alerts }: Pick<BridgeFile, 'alerts'>,
  env: Readonly<Record<string, string | undefined>>,
  folder: string,
): { alerts: AlertsConfig | null; findings: ConfigFinding[] } {
  if (alerts === undefined) return { alerts: null, findings: [] }
  const { webhook, log: logs, on, window, backlogJobs: backlogJobsMark } = alerts
  const read = webhook === undefined ? { webhook: null, findings: [] } : readWebhook(webhook, env, folder)
  return {
    alerts: { webhook: read.webhook, logs, on: new Set(on), windowMs: parseDuration(window)!, backlogJobsMark },
    findings: read.findings,
  }
}

function readWebhook(
  file: NonNullable<NonNullable<BridgeFile['alerts']>['webhook']>,
  env: Readonly<Record<string, string | undefined>>,
  folder: string,
): { webhook: AlertWebhook | null; findings: ConfigFinding[] } {
  const findings: ConfigFinding[] = []
  const url = URL.parse(file.url)
  if (url === null || !isTokenSafe(url) || url.username !== '' || url.password !== '')
    findings.push({
      pointer: '/alerts/webhook/url',
      expected: 'an https URL without a user (http only for this machine)',
      found: 'another value',
    })
  const secret = resolveSecret(file.secret, env, folder, false)
  const pointer = '/alerts/webhook/secret'
  if (!secret.ok) findings.push({ pointer, expected: secret.expected, found: secret.found })
  else if (decodeStandardSecret(secret.value, 'whsec')?.version !== 'v1')
    findings.push({ pointer, expected: `a secret "whsec_<base64>" in ${file.secret}`, found: 'something else' })
  const isSound = findings.length === 0 && url !== null && secret.ok
  return { webhook: isSound ? { url, secret: secret.value } : null, findings }
}
