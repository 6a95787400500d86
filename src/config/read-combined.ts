import { SCHEME_KEYS } from '../verify/definition-from-source.ts'
import type { CombinedDefinition } from '../verify/scheme-definition.ts'
import type { ConfigFinding } from './problem.ts'
import type { ReadContext } from './read-integration.ts'
import { type ReadScheme, readScheme } from './read-scheme.ts'
import type { MemberFile, SourceFile } from './source-schema.ts'

type CombinedFile = SourceFile & { scheme: Exclude<SourceFile['scheme'], string> }

/**
 * Reads `{ "anyOf": […] }` and `{ "allOf": […] }`: every member has a scheme, its settings and secrets of its own. What the
 * source does not say (event type, key, methods …) is taken from the first member.
 */
export function readCombined(
  file: CombinedFile,
  pointer: string,
  context: ReadContext,
): ReadScheme<CombinedDefinition> {
  const isAny = 'anyOf' in file.scheme
  const members: readonly MemberFile[] = 'anyOf' in file.scheme ? file.scheme.anyOf : file.scheme.allOf
  const place = `${pointer}/scheme/${isAny ? 'anyOf' : 'allOf'}`
  const reads = members.map((member, i) => readScheme(member, `${place}/${i}`, context))
  const problems = [
    ...findMisplaced(file, pointer),
    ...reads.flatMap((read, i) => (read.ok ? findNeverRefusing(read, isAny, `${place}/${i}`) : read.problems)),
  ]
  if (problems.length > 0) return { ok: false, problems }

  const values = reads.flatMap(read => (read.ok ? [read.value] : []))
  const definition: CombinedDefinition = {
    kind: isAny ? 'any-of' : 'all-of',
    members: values.map(({ definition, settings, secrets }) => ({
      definition,
      settings: { ...settings, handshakes: [] },
      secretCount: secrets.length,
    })),
  }
  const binding = values.map(({ preset }) => preset.bindsBody)
  const bindsBody = isAny ? binding.every(Boolean) : binding.some(Boolean)
  const secrets = values.flatMap(value => value.secrets)
  const { preset, settings: own } = values[0]!
  const settings = {
    ...(own.handshakes !== undefined && { handshakes: own.handshakes }),
    ...(own.verifyToken !== undefined && { verifyToken: own.verifyToken }),
  }
  return { ok: true, value: { preset: { ...preset, bindsBody }, definition, settings, secrets } }
}

/** Secrets and settings of a scheme beside a combination would belong to no member. */
function findMisplaced(file: CombinedFile, pointer: string): ConfigFinding[] {
  const keys = ['secrets', 'allowShortSecret', ...SCHEME_KEYS] as const
  return keys
    .filter(key => (file as Record<string, unknown>)[key] !== undefined)
    .map(key => ({
      pointer: `${pointer}/${key}`,
      expected: `"${key}" beside the "scheme" it is for`,
      found: 'it here',
    }))
}

/** A member that accepts everything would make the others of an "anyOf" pointless. */
function findNeverRefusing(read: Extract<ReadScheme, { ok: true }>, isAny: boolean, pointer: string): ConfigFinding[] {
  if (read.value.definition.kind !== 'none') return []
  const expected = isAny ? 'a scheme that checks something' : 'no scheme that checks nothing'
  return [{ pointer: `${pointer}/scheme`, expected, found: '"none"' }]
}
