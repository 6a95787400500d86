import { definitionFromSource } from '../verify/definition-from-source.ts'
import { findSecretProblem } from '../verify/find-secret-problem.ts'
import type { Preset } from '../verify/preset.ts'
import type { SchemeSettings, Secret } from '../verify/scheme.ts'
import type { SimpleDefinition } from '../verify/scheme-definition.ts'
import type { ConfigFinding } from './problem.ts'
import type { ReadContext } from './read-integration.ts'
import { resolveSecret, UNOPENED, type UnresolvedSecret } from './resolve-secret.ts'
import type { MemberFile } from './source-schema.ts'

/** A scheme that is understood, with its secrets; or everything that is wrong with it. */
export type ReadScheme<D = SimpleDefinition> =
  | { ok: true; value: { preset: Preset; definition: D; settings: SchemeSettings; secrets: Secret[] } }
  | { ok: false; problems: ConfigFinding[] }

/**
 * Reads one scheme with its settings and secrets; `pointer` is the place of the object that names it. `captureOf`: the
 * source whose secret is captured, so that there is none in the file.
 */
export function readScheme(
  file: MemberFile,
  pointer: string,
  context: ReadContext,
  captureOf: string | null = null,
): ReadScheme {
  const read = definitionFromSource(file.scheme, file)
  if (!read.ok)
    return { ok: false, problems: read.problems.map(problem => ({ ...problem, pointer: pointer + problem.pointer })) }
  const { preset, settings } = read
  const { definition, given, place } = findSecrets(read.definition, file)
  const { secrets, problems } =
    captureOf === null
      ? readSecrets({ ...file, secrets: given }, definition, pointer + place, context)
      : readCaptured(captureOf, file, preset, pointer, context)
  const verifyToken = readVerifyToken(file, pointer, context)
  const found = [...problems, ...verifyToken.problems]
  if (found.length > 0) return { ok: false, problems: found }
  return { ok: true, value: { preset, definition, settings: { ...settings, ...verifyToken.settings }, secrets } }
}

/**
 * Where the secrets of a scheme stand. A key set in a file is a secret like any other; one that is published is fetched when
 * it is needed, and then there are no secrets.
 */
function findSecrets(
  definition: SimpleDefinition,
  { secrets = [] }: MemberFile,
): { definition: SimpleDefinition; given: NonNullable<MemberFile['secrets']>; place: string } {
  if (definition.kind !== 'jwt' || definition.jwks?.startsWith('file:') !== true)
    return { definition, given: secrets, place: '/secrets' }
  const { jwks, ...rest } = definition
  return { definition: rest, given: [jwks], place: '/jwks' }
}

function readVerifyToken(
  { verifyToken, allowShortSecret = false }: MemberFile,
  pointer: string,
  { env, folder, opened, onUnopened }: ReadContext,
): { settings: { verifyToken?: string }; problems: ConfigFinding[] } {
  if (verifyToken === undefined) return { settings: {}, problems: [] }
  const resolved = resolveSecret(verifyToken, env, folder, allowShortSecret, opened)
  if (resolved.ok) return { settings: { verifyToken: resolved.value }, problems: [] }
  if (leaveUnopened(resolved, `${pointer}/verifyToken`, onUnopened)) return { settings: {}, problems: [] }
  const { expected, found } = resolved
  return { settings: {}, problems: [{ pointer: `${pointer}/verifyToken`, expected, found }] }
}

type Secrets = { secrets: Secret[]; problems: ConfigFinding[] }

/** What was captured so far: one secret, or none yet. */
function readCaptured(
  source: string,
  { secrets }: MemberFile,
  preset: Preset,
  pointer: string,
  { opened, onUnopened }: ReadContext,
): Secrets {
  const wrong = (key: string, expected: string, found: string): Secrets => ({
    secrets: [],
    problems: [{ pointer: pointer + key, expected, found }],
  })
  if (preset.capture === undefined)
    return wrong('/capture', 'no "capture": this sender hands out no secret when it is set up', 'true')
  if (secrets !== undefined) return wrong('/secrets', 'no "secrets" beside "capture"', 'some')
  const captured = opened?.captured(source) ?? UNOPENED
  if (captured.ok)
    return { secrets: captured.value === null ? [] : [{ value: captured.value, expiresAt: null }], problems: [] }
  if (leaveUnopened(captured, `${pointer}/capture`, onUnopened)) return { secrets: [], problems: [] }
  return wrong('/capture', captured.expected, captured.found)
}

/** Whether a secret is only left out for now; then its place is told. */
function leaveUnopened(resolved: UnresolvedSecret, pointer: string, onUnopened: ReadContext['onUnopened']): boolean {
  if (resolved.isUnopened === true) onUnopened(pointer)
  return resolved.isUnopened === true
}

function readSecrets(
  file: MemberFile,
  definition: SimpleDefinition,
  pointer: string,
  { env, folder, opened, onUnopened }: ReadContext,
): Secrets {
  const given = file.secrets ?? []
  const isPublished = definition.kind === 'jwt' && definition.jwks !== undefined
  if (definition.kind === 'none' || isPublished) return { secrets: [], problems: [] }
  if (given.length === 0) {
    const isPublic = definition.kind === 'jwt' && !definition.algorithm.startsWith('HS')
    const expected = isPublic ? 'at least one secret that holds the public keys, or jwks' : 'at least one secret'
    return { secrets: [], problems: [{ pointer, expected, found: 'none' }] }
  }
  const secrets: Secret[] = []
  const problems: ConfigFinding[] = []
  for (const [index, entry] of given.entries()) {
    const reference = typeof entry === 'string' ? entry : entry.ref
    const at = pointer.endsWith('/jwks') ? pointer : `${pointer}/${index}`
    const resolved = resolveSecret(reference, env, folder, file.allowShortSecret ?? false, opened)
    if (!resolved.ok) {
      if (leaveUnopened(resolved, at, onUnopened)) continue
      problems.push({ pointer: at, expected: resolved.expected, found: resolved.found })
      continue
    }
    const expected = findSecretProblem(definition, resolved.value)
    if (expected !== null)
      problems.push({ pointer: at, expected: `${expected} in ${reference}`, found: 'something else' })
    else
      secrets.push({ value: resolved.value, expiresAt: typeof entry === 'string' ? null : Date.parse(entry.expires) })
  }
  return { secrets, problems }
}
