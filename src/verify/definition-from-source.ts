import { parseDuration } from '../config/parse-duration.ts'
import { GENERIC_KINDS, type GenericKind, makeGenericPreset } from './generic-preset.ts'
import { findHmacProblems, hmacSettings } from './hmac-settings.ts'
import { listPresets, loadPreset, type Preset } from './preset.ts'
import type { SchemeSettings } from './scheme.ts'
import { HeaderDefinition, type SchemeDefinition } from './scheme-definition.ts'
import { describeFound, problemsFromZod, type SchemeProblem } from './scheme-problem.ts'

/** The settings of a source that belong to its scheme; `secrets`, `eventType`, `methods` and so on are the source's own. */
export const SCHEME_KEYS = [...Object.keys(hmacSettings.shape), 'tolerance', 'url', 'unsigned'] as readonly string[]

/** A source's settings, read; or everything that is wrong with them. */
export type SourceScheme =
  | { ok: true; definition: SchemeDefinition; preset: Preset; settings: SchemeSettings }
  | { ok: false; problems: SchemeProblem[] }

type Definition = { ok: true; definition: SchemeDefinition } | { ok: false; problems: SchemeProblem[] }

/**
 * Reads the scheme of a source (interface.md 2) from the source's raw object, as it stands in `bridge.json`.
 * Keys that are not the scheme's are left alone; one of `SCHEME_KEYS` that means nothing to this scheme is a problem,
 * because who wrote it believes in a check that does not happen. Pointers start at the source's object.
 */
export function definitionFromSource(scheme: unknown, source: Readonly<Record<string, unknown>>): SourceScheme {
  const generic = GENERIC_KINDS.find(kind => kind === scheme)
  const preset = typeof scheme === 'string' && generic === undefined ? loadPreset(scheme) : null
  if (generic === undefined && preset === null) {
    const expected = `one of ${[...GENERIC_KINDS, ...listPresets()].sort().join(', ')}`
    return { ok: false, problems: [{ pointer: '/scheme', expected, found: describeFound(scheme) }] }
  }
  const url = readUrl(source)
  const read = generic === undefined ? readPreset(preset!, source) : readGeneric(generic, source)
  const tolerance = readTolerance(source)
  const problems = [
    ...(read.ok ? findStrayKeys(read.definition, generic !== undefined, source) : read.problems),
    ...url.problems,
    ...tolerance.problems,
  ]
  if (!read.ok || problems.length > 0) return { ok: false, problems }
  const { definition } = read
  const settings = { ...url.settings, ...tolerance.settings }
  const base = preset ?? makeGenericPreset(generic!, definition)
  return { ok: true, definition, preset: { ...base, scheme: definition }, settings }
}

function readGeneric(kind: GenericKind, source: Readonly<Record<string, unknown>>): Definition {
  if (kind === 'hmac') return readHmac(source)
  if (kind === 'header') return parseDefinition(HeaderDefinition, { kind, ...pick(source, ['header', 'prefix']) })
  if (kind === 'bearer' && source.header !== undefined) return readNamedHeader(source)
  if (kind !== 'none' || source.unsigned === true) return { ok: true, definition: { kind } }
  const found = describeFound(source.unsigned)
  return { ok: false, problems: [{ pointer: '/unsigned', expected: 'true, said explicitly', found }] }
}

function readHmac(source: Readonly<Record<string, unknown>>): Definition {
  const input = pick(source, Object.keys(hmacSettings.shape))
  const parsed = hmacSettings.safeParse(input)
  if (!parsed.success) return { ok: false, problems: problemsFromZod(parsed.error, input) }
  const problems = findHmacProblems(parsed.data, { url: source.url !== undefined })
  return problems.length > 0 ? { ok: false, problems } : { ok: true, definition: { kind: 'hmac', ...parsed.data } }
}

/** A preset's definition stands as it is, but a bearer token may come in another header, bare (Pixelesq lets its users name any). */
function readPreset(preset: Preset, source: Readonly<Record<string, unknown>>): Definition {
  if (preset.scheme.kind === 'bearer' && source.header !== undefined) return readNamedHeader(source)
  return { ok: true, definition: preset.scheme }
}

function readNamedHeader(source: Readonly<Record<string, unknown>>): Definition {
  if (typeof source.header === 'string' && source.header.toLowerCase() === 'authorization') {
    return { ok: true, definition: { kind: 'bearer' } }
  }
  return parseDefinition(HeaderDefinition, { kind: 'header', ...pick(source, ['header']) })
}

function parseDefinition(schema: typeof HeaderDefinition, input: unknown): Definition {
  const parsed = schema.safeParse(input)
  return parsed.success
    ? { ok: true, definition: parsed.data }
    : { ok: false, problems: problemsFromZod(parsed.error, input) }
}

function findStrayKeys(
  definition: SchemeDefinition,
  generic: boolean,
  source: Readonly<Record<string, unknown>>,
): SchemeProblem[] {
  const meant = new Set(['url', ...keysMeant(definition, generic)])
  return SCHEME_KEYS.filter(key => source[key] !== undefined && !meant.has(key)).map(key => ({
    pointer: `/${key}`,
    expected: `no "${key}": this scheme has no use for it`,
    found: describeFound(source[key]),
  }))
}

function keysMeant(definition: SchemeDefinition, generic: boolean): readonly string[] {
  switch (definition.kind) {
    case 'hmac': {
      const tolerance = hasTimestamp(definition) ? ['tolerance'] : []
      return generic ? [...Object.keys(hmacSettings.shape), ...tolerance] : tolerance
    }
    case 'standard-webhooks':
      return ['tolerance']
    case 'header':
      return generic ? ['header', 'prefix'] : ['header']
    case 'bearer':
      return ['header']
    case 'none':
      return ['unsigned']
    default:
      return []
  }
}

function hasTimestamp({
  signed,
  timestampHeader,
  timestampField,
}: { signed: string } & Record<string, unknown>): boolean {
  return signed.includes('${timestamp}') || timestampHeader !== undefined || timestampField !== undefined
}

function readTolerance(source: Readonly<Record<string, unknown>>): {
  settings: SchemeSettings
  problems: SchemeProblem[]
} {
  const { tolerance } = source
  if (tolerance === undefined) return { settings: {}, problems: [] }
  if (tolerance === 'off') return { settings: { toleranceMs: null }, problems: [] }
  const toleranceMs = typeof tolerance === 'string' ? parseDuration(tolerance) : null
  if (toleranceMs !== null && toleranceMs > 0) return { settings: { toleranceMs }, problems: [] }
  const expected = 'a duration above 0 such as "5m", or "off"'
  return { settings: {}, problems: [{ pointer: '/tolerance', expected, found: describeFound(tolerance) }] }
}

function readUrl(source: Readonly<Record<string, unknown>>): { settings: SchemeSettings; problems: SchemeProblem[] } {
  const { url } = source
  if (url === undefined) return { settings: {}, problems: [] }
  if (typeof url === 'string' && /^https?:\/\//.test(url) && URL.canParse(url))
    return { settings: { url }, problems: [] }
  const expected = 'an absolute http(s) URL, exactly as the sender was given it'
  return { settings: {}, problems: [{ pointer: '/url', expected, found: describeFound(url) }] }
}

function pick(source: Readonly<Record<string, unknown>>, keys: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(keys.filter(key => source[key] !== undefined).map(key => [key, source[key]]))
}
