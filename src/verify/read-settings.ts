import { parseDuration } from '../config/parse-duration.ts'
import { JWT_KEYS } from './jwt-settings.ts'
import { MESSAGE_KEYS } from './message-settings.ts'
import type { Preset } from './preset.ts'
import type { SchemeSettings } from './scheme.ts'
import { describeFound, type SchemeProblem } from './scheme-problem.ts'

/** What a source says of its scheme beside the settings of `hmac`. `verifyToken` is a reference, fetched by who reads the file. */
export const OWN_KEYS = [
  'tolerance',
  'url',
  'unsigned',
  'parameter',
  'allowQueryToken',
  'allowSha1',
  'webhookId',
  'postback',
  'topicArns',
  'verifyToken',
  ...JWT_KEYS,
  ...MESSAGE_KEYS,
] as const

interface Read {
  settings: SchemeSettings
  problems: SchemeProblem[]
}

const TOPIC = /^arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_.-]{1,256}$/
const WEBHOOK_ID = /^[A-Za-z0-9_-]{1,64}$/

/** Reads the settings of a source that every scheme has in common; `preset` null = its scheme is not understood. */
export function readSettings(source: Readonly<Record<string, unknown>>, preset: Preset | null): Read {
  const reads = [readTolerance(source), readUrl(source), readWebhookId(source), readTopics(source), readSha1(source)]
  const handshakes = preset?.handshakes === undefined ? {} : { handshakes: preset.handshakes }
  return {
    settings: Object.assign({}, ...reads.map(({ settings }) => settings), handshakes),
    problems: reads.flatMap(({ problems }) => problems),
  }
}

function wrong(pointer: string, expected: string, value: unknown): Read {
  return { settings: {}, problems: [{ pointer, expected, found: describeFound(value) }] }
}

function right(settings: SchemeSettings): Read {
  return { settings, problems: [] }
}

function readTolerance({ tolerance }: Readonly<Record<string, unknown>>): Read {
  if (tolerance === undefined) return right({})
  if (tolerance === 'off') return right({ toleranceMs: null })
  const toleranceMs = typeof tolerance === 'string' ? parseDuration(tolerance) : null
  if (toleranceMs !== null && toleranceMs > 0) return right({ toleranceMs })
  return wrong('/tolerance', 'a duration above 0 such as "5m", or "off"', tolerance)
}

function readUrl({ url }: Readonly<Record<string, unknown>>): Read {
  if (url === undefined) return right({})
  if (typeof url === 'string' && /^https?:\/\//.test(url) && URL.canParse(url)) return right({ url })
  return wrong('/url', 'an absolute http(s) URL, exactly as the sender was given it', url)
}

function readWebhookId({ webhookId }: Readonly<Record<string, unknown>>): Read {
  if (webhookId === undefined) return right({})
  if (typeof webhookId === 'string' && WEBHOOK_ID.test(webhookId)) return right({ webhookId })
  return wrong('/webhookId', 'an id of letters, digits, "-" and "_"', webhookId)
}

function readTopics({ topicArns }: Readonly<Record<string, unknown>>): Read {
  if (topicArns === undefined) return right({})
  const isList = Array.isArray(topicArns) && topicArns.length > 0 && topicArns.length <= 100
  if (isList && topicArns.every(topic => typeof topic === 'string' && TOPIC.test(topic))) return right({ topicArns })
  return wrong('/topicArns', 'a list of topics such as "arn:aws:sns:eu-west-1:123456789012:name"', topicArns)
}

function readSha1({ allowSha1 }: Readonly<Record<string, unknown>>): Read {
  if (allowSha1 === undefined) return right({})
  if (typeof allowSha1 === 'boolean') return right({ allowSha1 })
  return wrong('/allowSha1', 'true or false', allowSha1)
}
