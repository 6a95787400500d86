import type { SourceConfig } from '../config/read-source.ts'
import type { Template, TemplateProblem } from '../mapping/expression/compile-template.ts'
import { markLossyNumbers } from '../mapping/expression/lossy-number.ts'
import { parsePayload } from '../mapping/parse-payload.ts'
import { compileScheme } from '../verify/compile-scheme.ts'
import { redactQuery } from '../verify/read-parameter.ts'
import { compileIdentifier, findIdentifier } from './find-identifier.ts'
import { openKeySet } from './open-key-set.ts'
import { openPostback } from './open-postback.ts'
import { queryOf } from './query-of.ts'
import { findSecretPlaces, makeBodyRedactor, simplesOf } from './secret-places.ts'
import type { FoundKey, KeyRequest, Source } from './source.ts'

/** What a CI job shows; a sender that signs wants its answer at once. */
const WAITING_KINDS: ReadonlySet<string> = new Set(['bearer', 'jwt', 'basic', 'header'])
/** Longest idempotency key, in characters; beyond it the text is not an identifier but content. */
const KEY_CHARS_MAX = 512

export type CompiledSource = { ok: true; source: Source } | { ok: false; problems: readonly TemplateProblem[] }

/** Makes a configured source ready: its scheme, and the expression that finds its idempotency key. */
export function compileSource(config: SourceConfig, jsonDepthMax: number): CompiledSource {
  const key = compileIdentifier(config.idempotencyKey, '/idempotencyKey')
  const type = compileIdentifier(config.eventType, '/eventType')
  if (!key.ok || !type.ok)
    return { ok: false, problems: [...(key.ok ? [] : key.problems), ...(type.ok ? [] : type.problems)] }
  const { preset, definition } = config
  // struck out also where the source has a secret of its own: a refused set-up request is kept
  const handed = preset.capture?.handshake.values.secret ?? null
  return {
    ok: true,
    source: {
      name: config.name,
      retired: config.retired,
      scheme: compileScheme(definition, { ...config.settings, secrets: config.secrets, openKeySet, openPostback }),
      definition,
      secrets: config.secrets,
      capture: (config.captures ? preset.capture : null) ?? null,
      methods: config.methods,
      allow: config.methods.join(', '),
      acceptsContentType: acceptTypes(config.contentTypes),
      form: preset.form,
      bodyBytesMax: config.bodyBytesMax,
      mayWait: simplesOf(definition).every(({ kind }) => WAITING_KINDS.has(kind)),
      keyOf: makeKeyOf(key.template, config, jsonDepthMax),
      replaysByContent: config.replay === 'content',
      isPing: headers => {
        const value = preset.ping === undefined ? undefined : headers[preset.ping.header]
        return value !== undefined && preset.ping!.equals.includes(value)
      },
      identicalBodiesWindowMs: preset.identicalBodiesWindowMs,
      conflictStatus: preset.conflictStatus,
      ...findSecretPlaces(definition, handed),
      redactBody: makeBodyRedactor(definition, handed),
    },
  }
}

function acceptTypes(contentTypes: readonly string[]): (mediaType: string) => boolean {
  const exact = new Set(contentTypes)
  const suffixes = contentTypes
    .filter(type => type.includes('/*+'))
    .map(type => ({ start: type.slice(0, type.indexOf('*')), end: type.slice(type.indexOf('+')) }))
  return mediaType =>
    exact.has(mediaType) ||
    exact.has('*') ||
    suffixes.some(({ start, end }) => mediaType.startsWith(start) && mediaType.endsWith(end))
}

/** The body is parsed here only where the key stands in it: leaving that out of the answer path is worth most . */
function makeKeyOf(
  template: Template | null,
  config: SourceConfig,
  depthMax: number,
): (request: KeyRequest) => FoundKey {
  const needsPayload = template?.roots.has('payload') ?? false
  // nothing says that an unsigned body is meant for us: it is read before it is taken
  const { secretParameters } = findSecretPlaces(config.definition)
  const parsesBody = needsPayload || config.definition.kind === 'none'
  return request => {
    let payload: unknown = null
    if (parsesBody) {
      const parsed = parsePayload(request.body, request.contentType, request.query, { depthMax }, config.preset.form)
      if (!parsed.ok) return { ok: false, reason: parsed.reason, message: parsed.message }
      payload = markLossyNumbers(parsed.payload, parsed.lossy)
    }
    if (template === null) return { ok: true, key: null }
    return {
      ok: true,
      key: findIdentifier(
        template,
        { headers: request.headers, query: queryOf(redactQuery(request.query, secretParameters)), payload },
        KEY_CHARS_MAX,
      ),
    }
  }
}
