import { createSecretKey, type KeyObject } from 'node:crypto'
import { BridgeError } from '../errors.ts'
import { findHmacProblems, type HmacSettings, type TimestampPlace, timestampPlace } from './hmac-settings.ts'
import { isBlank } from './match-secrets.ts'
import { makeSignatureParser, type SignatureParser } from './parse-signature.ts'
import type { SchemeSettings } from './scheme.ts'
import type { HmacDefinition } from './scheme-definition.ts'
import { decodeBase64, decodeHex, type HmacAlgorithm } from './signature-syntax.ts'
import { type TimestampUnit, TOLERANCE_DEFAULT_MS } from './signed-at.ts'
import { parseSignedTemplate, type Segment, separatorsBeside } from './signed-template.ts'

/** A segment ready to be filled; header values are known by their place in `headerNames`. */
export type PlanSegment =
  | { kind: 'literal'; bytes: Buffer }
  | { kind: 'body' }
  | { kind: 'timestamp' }
  | { kind: 'method' }
  | SenderSegment

/** A value the sender chooses freely; it must not hold what separates it from its neighbours. */
export interface SenderSegment {
  kind: 'sender'
  isId: boolean
  at: number
  separators: readonly string[]
}

/** Everything about an HMAC definition that can be worked out before a delivery comes. */
export interface HmacPlan {
  algorithm: HmacAlgorithm
  settings: HmacSettings
  parseSignature: SignatureParser
  /** Lower-case, each once; the signature's is the first. */
  headerNames: readonly string[]
  timestamp: TimestampPlace | null
  /** Place of the timestamp's header in `headerNames`, -1 when it stands elsewhere. */
  timestampAt: number
  unit: TimestampUnit
  toleranceMs: number | null
  segments: readonly PlanSegment[]
  bindsBody: boolean
  toKey: (secret: string) => string | KeyObject | null
}

/** Prepares an HMAC definition. Throws `config_invalid` where `findHmacProblems` finds one. */
export function planHmac(definition: HmacDefinition, source: SchemeSettings): HmacPlan {
  const { toleranceMs: defined, ...settings } = definition
  const template = parseSignedTemplate(settings.signed)
  // Presets pass through here too: an unsigned timestamp must not be taken for a signed one because a file of ours says so.
  const [problem] = findHmacProblems(settings, { url: source.url !== undefined })
  if (problem !== undefined || !template.ok) {
    throw new BridgeError(
      'config_invalid',
      `${problem?.pointer}: expected ${problem?.expected}, found ${problem?.found}`,
    )
  }
  const names = [settings.header.toLowerCase()]
  const timestamp = timestampPlace(settings)
  const timestampAt = timestamp?.in === 'header' ? placeOf(names, timestamp.name) : -1
  const segments = template.segments.map((_, i) => planSegment(template.segments, i, names, settings, source))
  const toleranceMs = source.toleranceMs === undefined ? defined : source.toleranceMs
  return {
    algorithm: settings.algorithm,
    settings,
    parseSignature: makeSignatureParser(settings),
    headerNames: names,
    timestamp,
    timestampAt,
    unit: settings.timestampUnit,
    toleranceMs: toleranceMs === undefined ? TOLERANCE_DEFAULT_MS : toleranceMs,
    segments,
    bindsBody: segments.some(({ kind }) => kind === 'body'),
    toKey: secret => decodeKey(secret, settings.secretEncoding),
  }
}

function planSegment(
  segments: readonly Segment[],
  at: number,
  names: string[],
  settings: HmacSettings,
  source: SchemeSettings,
): PlanSegment {
  const segment = segments[at]!
  const separators = separatorsBeside(segments, at)
  switch (segment.kind) {
    case 'literal':
      return { kind: 'literal', bytes: segment.bytes }
    case 'header':
      return { kind: 'sender', isId: false, at: placeOf(names, segment.name), separators }
    case 'id':
      return { kind: 'sender', isId: true, at: placeOf(names, settings.idHeader!.toLowerCase()), separators }
    case 'url':
      return { kind: 'literal', bytes: Buffer.from(source.url!) }
    default:
      return { kind: segment.kind }
  }
}

function placeOf(names: string[], name: string): number {
  const at = names.indexOf(name)
  return at === -1 ? names.push(name) - 1 : at
}

/** Turns a secret into the key of the HMAC; null where it is empty or not in its encoding. */
export function decodeKey(secret: string, encoding: HmacSettings['secretEncoding']): string | KeyObject | null {
  if (isBlank(secret)) return null
  if (encoding === 'utf8') return secret
  const bytes = encoding === 'hex' ? decodeHex(secret) : decodeBase64(secret)
  // Node 24 takes 6 µs longer for an HMAC keyed with a Buffer than with a key object made of it.
  return bytes === null ? null : createSecretKey(bytes)
}
