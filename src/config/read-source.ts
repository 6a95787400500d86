import type { ReconcileConfig } from '../reconcile/reconcile-config.ts'
import type { Preset } from '../verify/preset.ts'
import type { SchemeSettings, Secret } from '../verify/scheme.ts'
import type { SchemeDefinition } from '../verify/scheme-definition.ts'
import { describeFound } from '../verify/scheme-problem.ts'
import type { ConfigFinding } from './problem.ts'
import { readCombined } from './read-combined.ts'
import type { ReadContext } from './read-integration.ts'
import { readReconcile } from './read-reconcile.ts'
import { readScheme } from './read-scheme.ts'
import type { SourceFile } from './source-schema.ts'

export interface SourceConfig {
  name: string
  retired: boolean
  preset: Preset
  definition: SchemeDefinition
  settings: SchemeSettings
  secrets: readonly Secret[]
  /** Its secret is what the sender hands out when it is set up; until then it has none. */
  captures: boolean
  /** `${CEL}`, or null where nothing says it. */
  eventType: string | null
  idempotencyKey: string | null
  /** What tells a delivery from one that came before: its key alone, or what was signed too. */
  replay: 'id' | 'content'
  methods: readonly string[]
  contentTypes: readonly string[]
  bodyBytesMax: number
  /** Where its sender is asked what could not be delivered; null = nowhere. */
  reconcile: ReconcileConfig | null
}

/** Reads one source: its scheme is understood, its secrets are fetched and checked against it. */
export function readSource(
  name: string,
  file: SourceFile,
  context: ReadContext,
): { ok: true; value: SourceConfig } | { ok: false; problems: ConfigFinding[] } {
  const pointer = `/sources/${name}`
  const { scheme, capture = false } = file
  if (capture && typeof scheme !== 'string') {
    const expected = 'no "capture" beside a combination of schemes'
    return { ok: false, problems: [{ pointer: `${pointer}/capture`, expected, found: 'true' }] }
  }
  const read =
    typeof scheme === 'string'
      ? readScheme({ ...file, scheme }, pointer, context, capture ? name : null)
      : readCombined({ ...file, scheme }, pointer, context)
  const reconcile = readReconcile(
    read.ok ? read.value.preset.name : null,
    file.reconcile,
    `${pointer}/reconcile`,
    context,
  )
  if (!read.ok) return { ok: false, problems: [...read.problems, ...reconcile.problems] }
  if (reconcile.problems.length > 0) return { ok: false, problems: reconcile.problems }
  const { preset, definition } = read.value
  if (file.replay === 'content' && !preset.bindsBody) {
    const expected = 'no "content" here: this scheme does not sign the body, so equal bodies prove nothing'
    return { ok: false, problems: [{ pointer: `${pointer}/replay`, expected, found: '"content"' }] }
  }
  if (file.idempotencyKey !== undefined && definition.kind === 'jwt' && definition.oneTime === true) {
    const expected = 'no idempotencyKey beside oneTime: the id of the token is the key'
    return {
      ok: false,
      problems: [{ pointer: `${pointer}/idempotencyKey`, expected, found: describeFound(file.idempotencyKey) }],
    }
  }
  return {
    ok: true,
    value: {
      name,
      retired: file.retired ?? false,
      ...read.value,
      captures: capture,
      eventType: file.eventType ?? preset.eventType,
      idempotencyKey: file.idempotencyKey ?? preset.idempotencyKey,
      replay: file.replay ?? 'id',
      methods: file.methods ?? preset.methods,
      contentTypes: file.contentTypes ?? preset.contentTypes,
      bodyBytesMax: file.bodyBytes ?? preset.bodyBytesMax ?? context.limits.bodyBytesMax,
      reconcile: reconcile.value,
    },
  }
}
