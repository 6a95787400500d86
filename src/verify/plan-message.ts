import { BridgeError } from '../errors.ts'
import { needsUrl } from './message-component.ts'
import { requiredComponents } from './message-settings.ts'
import type { SchemeSettings } from './scheme.ts'
import type { MessageDefinition } from './scheme-definition.ts'
import { TOLERANCE_DEFAULT_MS } from './signed-at.ts'

/** A definition of signed messages, ready. */
export interface MessagePlan {
  definition: MessageDefinition
  required: readonly string[]
  /** The header that carries the digest of the body. */
  digest: 'content-digest' | 'digest'
  url: URL | null
  toleranceMs: number | null
}

/** Prepares a definition. Throws `config_invalid` where it requires a part of the URL, and no URL is said. */
export function planMessage(definition: MessageDefinition, settings: SchemeSettings): MessagePlan {
  const required = requiredComponents(definition)
  const digest = definition.draft === 'cavage' ? 'digest' : 'content-digest'
  const isUrlMissing = settings.url === undefined && required.some(needsUrl)
  if (isUrlMissing) throw new BridgeError('config_invalid', '/url: expected the public URL the sender was given')
  return {
    definition,
    required,
    digest,
    url: settings.url === undefined ? null : new URL(settings.url),
    toleranceMs: settings.toleranceMs === undefined ? TOLERANCE_DEFAULT_MS : settings.toleranceMs,
  }
}
