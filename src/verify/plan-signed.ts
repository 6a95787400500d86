import { BridgeError } from '../errors.ts'
import { makeSignatureParser, type SignatureParser } from './parse-signature.ts'
import type { Proof } from './proof.ts'
import type { SchemeSettings } from './scheme.ts'
import type { SignedDefinition } from './scheme-definition.ts'
import { type TimestampUnit, TOLERANCE_DEFAULT_MS } from './signed-at.ts'
import { findSignedProblems, type SignedSettings, type TimestampPlace, timestampPlace } from './signed-settings.ts'
import { parseSignedTemplate, type Segment, separatorsBeside } from './signed-template.ts'
import { unescapeUrl } from './unescape-url.ts'

/** A segment ready to be filled; header values are known by their place in `headerNames`. */
export type PlanSegment =
  | { kind: 'literal'; bytes: Buffer }
  | { kind: 'body' | 'timestamp' | 'method' | 'secret' | 'body.sha256' | 'body.crc32' | 'body.json' | 'form.sorted' }
  | { kind: 'form'; name: string }
  | { kind: 'json'; path: readonly string[] }
  | { kind: 'pair'; name: string; separators: readonly string[] }
  | SenderSegment

/** A value the sender chooses freely; it must not hold what separates it from its neighbours. */
export interface SenderSegment {
  kind: 'sender'
  isId: boolean
  at: number
  separators: readonly string[]
}

/** Everything about a definition that can be worked out before a delivery comes. */
export interface SignedPlan {
  settings: SignedSettings
  proof: Proof
  parseSignature: SignatureParser
  /** Lower-case, each once; the signature's is the first, where it stands in a header. */
  headerNames: readonly string[]
  /** Path of the signature in the JSON body, null where it stands in a header. */
  signaturePath: readonly string[] | null
  timestamp: TimestampPlace | null
  /** Place of the timestamp's header in `headerNames`, -1 when it stands elsewhere. */
  timestampAt: number
  unit: TimestampUnit
  toleranceMs: number | null
  segments: readonly PlanSegment[]
  bindsBody: boolean
  /** The body must be read before the signature is checked, because signed values or the signature stand in it. */
  readsJson: boolean
}

/** Kinds of segments that hold every byte of the body, or all of it that counts. The CRC and the run-together form do not. */
const BINDING: ReadonlySet<string> = new Set(['body', 'body.sha256', 'body.json', 'form'])

/** Prepares a definition. Throws `config_invalid` where `findSignedProblems` finds a problem. */
export function planSigned(definition: SignedDefinition, source: SchemeSettings, proof: Proof): SignedPlan {
  const { kind, preset = false, toleranceMs: defined, ...settings } = definition
  const template = parseSignedTemplate(settings.signed, { kind, preset })
  // Presets pass through here too: an unsigned timestamp must not be taken for a signed one because a file of ours says so.
  const [problem] = findSignedProblems(settings, { kind, preset, url: source.url !== undefined })
  if (problem !== undefined || !template.ok) {
    throw new BridgeError(
      'config_invalid',
      `${problem?.pointer}: expected ${problem?.expected}, found ${problem?.found}`,
    )
  }
  if ((settings.header === undefined) === (settings.signatureField === undefined)) {
    throw new BridgeError('config_invalid', '/header: expected either header or signatureField')
  }
  const names = settings.header === undefined ? [] : [settings.header.toLowerCase()]
  const timestamp = timestampPlace(settings)
  const timestampAt = timestamp?.in === 'header' ? placeOf(names, timestamp.name) : -1
  const segments = template.segments.map((_, i) => planSegment(template.segments, i, names, settings, source))
  const pairs = segments.flatMap(segment => (segment.kind === 'pair' ? [segment.name] : []))
  const toleranceMs = source.toleranceMs === undefined ? defined : source.toleranceMs
  return {
    settings,
    proof,
    parseSignature: makeSignatureParser(settings, { bytes: proof.bytes, encoding: settings.encoding, pairs }),
    headerNames: names,
    signaturePath: settings.signatureField?.split('.') ?? null,
    timestamp,
    timestampAt,
    unit: settings.timestampUnit,
    toleranceMs: toleranceMs === undefined ? TOLERANCE_DEFAULT_MS : toleranceMs,
    segments,
    bindsBody: segments.some(segment => BINDING.has(segment.kind)),
    readsJson: settings.signatureField !== undefined || segments.some(segment => segment.kind === 'json'),
  }
}

function planSegment(
  segments: readonly Segment[],
  at: number,
  names: string[],
  settings: SignedSettings,
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
    case 'pair':
      return { kind: 'pair', name: segment.name, separators }
    case 'json':
      return { kind: 'json', path: segment.name.split('.') }
    case 'form':
      return { kind: 'form', name: segment.name }
    case 'url':
      return { kind: 'literal', bytes: Buffer.from(unescapeUrl(source.url!, settings.urlUnescaped)) }
    case 'urlJoin':
      return { kind: 'literal', bytes: Buffer.from(source.url?.includes('?') === true ? '&' : '?') }
    case 'config':
      return { kind: 'literal', bytes: Buffer.from(readSetting(segment.name, source)) }
    default:
      return { kind: segment.kind }
  }
}

/** A setting of the source that is signed along. A missing one stops the start, never an empty text. */
function readSetting(name: string, source: SchemeSettings): string {
  const value = name === 'webhookId' ? source.webhookId : undefined
  if (value === undefined || value === '') {
    throw new BridgeError('config_invalid', `/${name}: expected the ${name} that the sender signs, found nothing`)
  }
  return value
}

function placeOf(names: string[], name: string): number {
  const at = names.indexOf(name)
  return at === -1 ? names.push(name) - 1 : at
}
