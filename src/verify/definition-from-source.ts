import { suggest } from '../mapping/suggest.ts'
import { GENERIC_KINDS, type GenericKind, makeGenericPreset } from './generic-preset.ts'
import { asymmetricSettings, digestSettings, hmacSettings } from './hmac-settings.ts'
import { needsUrl } from './message-component.ts'
import { messageSettings, requiredComponents } from './message-settings.ts'
import { listPresets, loadPreset, type Preset } from './preset.ts'
import { findToleranceProblem, jwtKeysMeant, readJwt } from './read-jwt.ts'
import { readPostback } from './read-postback.ts'
import { OWN_KEYS, readSettings } from './read-settings.ts'
import type { SchemeSettings } from './scheme.ts'
import { HeaderDefinition, QueryTokenDefinition, type SimpleDefinition } from './scheme-definition.ts'
import { describeFound, problemsFromZod, type SchemeProblem } from './scheme-problem.ts'
import { findSignedProblems } from './signed-settings.ts'

/** The settings of a source that belong to its scheme; `secrets`, `eventType`, `methods` and so on are the source's own. */
export const SCHEME_KEYS = [...Object.keys(hmacSettings.shape), ...OWN_KEYS] as readonly string[]

/** A source's settings, read; or everything that is wrong with them. */
export type SourceScheme =
  | { ok: true; definition: SimpleDefinition; preset: Preset; settings: SchemeSettings }
  | { ok: false; problems: SchemeProblem[] }

type Definition = { ok: true; definition: SimpleDefinition } | { ok: false; problems: SchemeProblem[] }
type SourceObject = Readonly<Record<string, unknown>>

/**
 * Reads the scheme of a source (interface.md 2) from the source's raw object, as it stands in `bridge.json`.
 * Keys that are not the scheme's are left alone; one of `SCHEME_KEYS` that means nothing to this scheme is a problem,
 * because who wrote it believes in a check that does not happen. Pointers start at the source's object.
 */
export function definitionFromSource(scheme: unknown, source: SourceObject): SourceScheme {
  const generic = GENERIC_KINDS.find(kind => kind === scheme)
  const preset = typeof scheme === 'string' && generic === undefined ? loadPreset(scheme) : null
  if (generic === undefined && preset === null) return { ok: false, problems: [unknownScheme(scheme)] }
  const read = generic === undefined ? readPreset(preset!, source) : readGeneric(generic, source)
  const base = read.ok ? (preset ?? makeGenericPreset(generic!, read.definition)) : preset
  const own = readSettings(source, base)
  const meant = read.ok ? keysMeant(read.definition, generic !== undefined, base!) : null
  const problems = [
    ...(read.ok ? findStrayKeys(meant!, source) : read.problems),
    ...own.problems,
    ...(read.ok && read.definition.kind === 'jwt'
      ? findToleranceProblem(read.definition, own.settings, source.tolerance)
      : []),
    ...(read.ok && base !== null ? findMissing(read.definition, base, source) : []),
  ]
  if (!read.ok || problems.length > 0) return { ok: false, problems }
  const { definition } = read
  return {
    ok: true,
    definition,
    preset: { ...base!, scheme: definition, bindsBody: bindsBody(definition, base!) },
    settings: own.settings,
  }
}

/** What a source says may decide whether a changed body is noticed. */
function bindsBody(definition: SimpleDefinition, base: Preset): boolean {
  if (definition.kind === 'jwt') return definition.bodyClaim !== undefined
  if (definition.kind !== 'http-message-signature') return base.bindsBody
  const digest = definition.draft === 'cavage' ? 'digest' : 'content-digest'
  return requiredComponents(definition).includes(digest)
}

function unknownScheme(scheme: unknown): SchemeProblem {
  const found = describeFound(scheme)
  const names = [...GENERIC_KINDS, ...listPresets()]
  const expected = `one of the kinds ${[...GENERIC_KINDS].sort().join(', ')} or the presets in docs/sources.md`
  const suggestion = typeof scheme === 'string' && scheme.length <= 64 ? suggest(scheme, names) : null
  return { pointer: '/scheme', expected, found, ...(suggestion !== null && { suggestion }) }
}

function readGeneric(kind: GenericKind, source: SourceObject): Definition {
  if (kind === 'hmac' || kind === 'digest' || kind === 'asymmetric') return readSigned(kind, source)
  if (kind === 'header') return parseDefinition(HeaderDefinition, { kind, ...pick(source, ['header', 'prefix']) })
  if (kind === 'query-token') return parseDefinition(QueryTokenDefinition, { kind, ...pick(source, ['parameter']) })
  if (kind === 'bearer') return readCarrier({ kind }, source)
  if (kind === 'basic') return { ok: true, definition: { kind } }
  if (kind === 'jwt') return readJwt(null, source)
  if (kind === 'http-message-signature') return readMessage(source)
  if (source.unsigned === true) return { ok: true, definition: { kind } }
  const found = describeFound(source.unsigned)
  return { ok: false, problems: [{ pointer: '/unsigned', expected: 'true, said explicitly', found }] }
}

const SIGNED_SETTINGS = { hmac: hmacSettings, digest: digestSettings, asymmetric: asymmetricSettings }

function readSigned(kind: keyof typeof SIGNED_SETTINGS, source: SourceObject): Definition {
  const schema = SIGNED_SETTINGS[kind]
  const input = pick(source, Object.keys(schema.shape))
  const parsed = schema.safeParse(input)
  if (!parsed.success) return { ok: false, problems: problemsFromZod(parsed.error, input) }
  const problems = findSignedProblems(parsed.data, { kind, preset: false, url: source.url !== undefined })
  if (problems.length > 0) return { ok: false, problems }
  return { ok: true, definition: { kind, ...parsed.data } as SimpleDefinition }
}

function readMessage(source: SourceObject): Definition {
  const input = pick(source, Object.keys(messageSettings.shape))
  const parsed = messageSettings.safeParse(input)
  if (!parsed.success) return { ok: false, problems: problemsFromZod(parsed.error, input) }
  return { ok: true, definition: { kind: 'http-message-signature', ...parsed.data } }
}

/** A preset's definition stands as it is, but a static token may come in another header or in the query, as its user says. */
function readPreset(preset: Preset, source: SourceObject): Definition {
  const { scheme } = preset
  if (preset.name === 'paypal' && source.postback !== undefined) return readPostback(source.postback)
  if (scheme.kind === 'jwt') return readJwt(scheme, source)
  return scheme.kind === 'bearer' || scheme.kind === 'query-token'
    ? readCarrier(scheme, source)
    : { ok: true, definition: scheme }
}

/** Pixelesq lets its users name any header; Azure Event Grid and CloudEvents may carry the token in the query. */
function readCarrier(scheme: SimpleDefinition, source: SourceObject): Definition {
  if (source.header !== undefined && scheme.kind === 'bearer') return readNamedHeader(source)
  if (source.parameter === undefined) return { ok: true, definition: scheme }
  return parseDefinition(QueryTokenDefinition, { kind: 'query-token', ...pick(source, ['parameter']) })
}

function readNamedHeader(source: SourceObject): Definition {
  if (typeof source.header === 'string' && source.header.toLowerCase() === 'authorization') {
    return { ok: true, definition: { kind: 'bearer' } }
  }
  return parseDefinition(HeaderDefinition, { kind: 'header', ...pick(source, ['header']) })
}

function parseDefinition(schema: typeof HeaderDefinition | typeof QueryTokenDefinition, input: unknown): Definition {
  const parsed = schema.safeParse(input)
  return parsed.success
    ? { ok: true, definition: parsed.data }
    : { ok: false, problems: problemsFromZod(parsed.error, input) }
}

function findStrayKeys(meant: ReadonlySet<string>, source: SourceObject): SchemeProblem[] {
  return SCHEME_KEYS.filter(key => source[key] !== undefined && !meant.has(key)).map(key => ({
    pointer: `/${key}`,
    expected: `no "${key}": this scheme has no use for it`,
    found: key === 'verifyToken' ? 'something' : describeFound(source[key]),
  }))
}

function keysMeant(definition: SimpleDefinition, generic: boolean, base: Preset): ReadonlySet<string> {
  return new Set([
    'url',
    ...base.requires,
    ...keysOfKind(definition, generic),
    ...(base.name === 'aws-sns' ? ['allowSha1'] : []),
    ...(base.name === 'paypal' ? ['postback'] : []),
  ])
}

function keysOfKind(definition: SimpleDefinition, generic: boolean): readonly string[] {
  switch (definition.kind) {
    case 'hmac':
    case 'digest':
    case 'asymmetric': {
      const tolerance = hasTimestamp(definition) ? ['tolerance'] : []
      const sha1 = definition.kind === 'asymmetric' && definition.algorithm === 'rsa-sha1' ? ['allowSha1'] : []
      const own = generic ? Object.keys(SIGNED_SETTINGS[definition.kind].shape) : []
      return [...own, ...tolerance, ...sha1]
    }
    case 'standard-webhooks':
    case 'aws-sns':
    case 'contentful':
    case 'paypal-postback':
      return ['tolerance']
    case 'header':
      return generic ? ['header', 'prefix'] : ['header']
    case 'bearer':
      return ['header', 'parameter']
    case 'query-token':
      return ['parameter', 'allowQueryToken']
    case 'jwt':
      return jwtKeysMeant(definition, generic)
    case 'http-message-signature':
      return [...(generic ? Object.keys(messageSettings.shape) : []), 'tolerance']
    case 'none':
      return ['unsigned']
    default:
      return []
  }
}

/** What the sender or the kind needs and the source does not say. */
function findMissing(definition: SimpleDefinition, base: Preset, source: SourceObject): SchemeProblem[] {
  const needed = new Set(base.requires)
  if (definition.kind === 'http-message-signature' && requiredComponents(definition).some(needsUrl)) needed.add('url')
  if (definition.kind === 'query-token') needed.add('allowQueryToken')
  if (definition.kind === 'asymmetric' && definition.algorithm === 'rsa-sha1') needed.add('allowSha1')
  const expected = {
    url: 'the public URL the sender was given',
    webhookId: 'the id that the sender gave the webhook',
    topicArns: 'a list of the topics whose messages are taken',
    allowSha1: 'true, said explicitly: this sender signs with RSA and SHA-1, which can be forged at great cost',
    allowQueryToken: 'true, said explicitly: a token in the URL is seen by every proxy on the way',
    issuer: 'who writes the tokens',
    audience: 'the audience that the tokens are made out to: no other token is taken',
    claims: 'an object of claims and their values: whoever uses this sender can get a token',
    verifyToken: 'a reference to the token that the sender shows when it is set up',
  }
  const explicit = ['allowSha1', 'allowQueryToken']
  return [...needed]
    .filter(key => (explicit.includes(key) ? source[key] !== true : source[key] === undefined))
    .map(key => ({ pointer: `/${key}`, expected: expected[key], found: describeFound(source[key]) }))
}

function hasTimestamp({
  signed,
  timestampHeader,
  timestampField,
}: {
  signed: string
  timestampHeader?: unknown
  timestampField?: unknown
}): boolean {
  return signed.includes('${timestamp}') || timestampHeader !== undefined || timestampField !== undefined
}

function pick(source: SourceObject, keys: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(keys.filter(key => source[key] !== undefined).map(key => [key, source[key]]))
}
