import { definitionFromSource } from '../verify/definition-from-source.ts'
import { findSecretProblem } from '../verify/find-secret-problem.ts'
import type { Preset } from '../verify/preset.ts'
import type { SchemeSettings, Secret } from '../verify/scheme.ts'
import type { SimpleDefinition } from '../verify/scheme-definition.ts'
import type { MemberFile } from './bridge-schema.ts'
import type { ConfigFinding } from './problem.ts'
import type { ReadContext } from './read-integration.ts'
import { resolveSecret } from './resolve-secret.ts'

/** A scheme that is understood, with its secrets; or everything that is wrong with it. */
export type ReadScheme<D = SimpleDefinition> =
  | { ok: true; value: { preset: Preset; definition: D; settings: SchemeSettings; secrets: Secret[] } }
  | { ok: false; problems: ConfigFinding[] }

/** Reads one scheme with its settings and secrets; `pointer` is the place of the object that names it. */
export function readScheme(file: MemberFile, pointer: string, context: ReadContext): ReadScheme {
  const read = definitionFromSource(file.scheme, file)
  if (!read.ok)
    return { ok: false, problems: read.problems.map(problem => ({ ...problem, pointer: pointer + problem.pointer })) }
  const { preset, settings } = read
  const { definition, given, place } = findSecrets(read.definition, file)
  const { secrets, problems } = readSecrets({ ...file, secrets: given }, definition, pointer + place, context)
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
  { env, folder }: ReadContext,
): { settings: { verifyToken?: string }; problems: ConfigFinding[] } {
  if (verifyToken === undefined) return { settings: {}, problems: [] }
  const resolved = resolveSecret(verifyToken, env, folder, allowShortSecret)
  if (resolved.ok) return { settings: { verifyToken: resolved.value }, problems: [] }
  const { expected, found } = resolved
  return { settings: {}, problems: [{ pointer: `${pointer}/verifyToken`, expected, found }] }
}

function readSecrets(
  file: MemberFile,
  definition: SimpleDefinition,
  pointer: string,
  { env, folder }: ReadContext,
): { secrets: Secret[]; problems: ConfigFinding[] } {
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
    const resolved = resolveSecret(reference, env, folder, file.allowShortSecret ?? false)
    if (!resolved.ok) {
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
