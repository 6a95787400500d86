import { definitionFromSource } from '../verify/definition-from-source.ts'
import { findSecretProblem } from '../verify/find-secret-problem.ts'
import type { Secret } from '../verify/scheme.ts'
import type { SchemeDefinition } from '../verify/scheme-definition.ts'
import type { SourceFile } from './bridge-schema.ts'
import type { SourceConfig } from './load-config.ts'
import type { ConfigFinding } from './problem.ts'
import type { ReadContext } from './read-integration.ts'
import { resolveSecret } from './resolve-secret.ts'

/** Reads one source: its scheme is understood, its secrets are fetched and checked against it. */
export function readSource(
  name: string,
  file: SourceFile,
  context: ReadContext,
): { ok: true; value: SourceConfig } | { ok: false; problems: ConfigFinding[] } {
  const pointer = `/sources/${name}`
  const read = definitionFromSource(file.scheme, file)
  if (!read.ok)
    return { ok: false, problems: read.problems.map(problem => ({ ...problem, pointer: pointer + problem.pointer })) }
  const { definition, preset, settings } = read
  const { secrets, problems } = readSecrets(file, definition, pointer, context)
  if (problems.length > 0) return { ok: false, problems }
  return {
    ok: true,
    value: {
      name,
      retired: file.retired ?? false,
      preset,
      definition,
      settings,
      secrets,
      eventType: file.eventType ?? preset.eventType,
      idempotencyKey: file.idempotencyKey ?? preset.idempotencyKey,
      methods: file.methods ?? preset.methods,
      contentTypes: file.contentTypes ?? preset.contentTypes,
      bodyBytesMax: file.bodyBytes ?? preset.bodyBytesMax ?? context.limits.bodyBytesMax,
    },
  }
}

function readSecrets(
  file: SourceFile,
  definition: SchemeDefinition,
  pointer: string,
  { env, folder }: ReadContext,
): { secrets: Secret[]; problems: ConfigFinding[] } {
  const given = file.secrets ?? []
  if (definition.kind === 'none') return { secrets: [], problems: [] }
  if (given.length === 0)
    return {
      secrets: [],
      problems: [{ pointer: `${pointer}/secrets`, expected: 'at least one secret', found: 'none' }],
    }
  const secrets: Secret[] = []
  const problems: ConfigFinding[] = []
  for (const [index, entry] of given.entries()) {
    const reference = typeof entry === 'string' ? entry : entry.ref
    const at = `${pointer}/secrets/${index}`
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
