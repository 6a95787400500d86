import { z } from 'zod'
import type { SchemeProblem } from './scheme-problem.ts'
import { parseSignedTemplate, type Segment } from './signed-template.ts'

/** The name of a header, in any case. */
export const headerName = z
  .string({ error: 'the name of a header' })
  .regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}$/, { error: 'the name of a header' })

const text = (expected: string) => z.string({ error: expected }).max(64, { error: expected })

/** Where a signature stands and what it signs: the settings that `hmac`, `digest` and `asymmetric` share (interface.md 2). */
export const signedShape = {
  encoding: z.enum(['hex', 'base64', 'base64url'], { error: 'one of hex, base64, base64url' }).default('hex'),
  header: headerName.describe('Header that carries the signature'),
  prefix: text('text of at most 64 characters')
    .default('')
    .describe('What stands before the digest; for `pairs`, the key of the signature ("v1=" or "v1", the default)'),
  parse: z
    .enum(['whole', 'pairs', 'list', 'positional'], { error: 'one of whole, pairs, list, positional' })
    .default('whole')
    .describe(
      'whole: prefix + digest; pairs: t=…,v1=…; list: several prefix + digest; positional: timestamp,digest[,digest]',
    ),
  separator: z
    .enum([',', ';', ' ', ', ', '; '], { error: 'one of ",", ";", " ", ", ", "; "' })
    .optional()
    .describe(
      'Between the elements; default "," (for `list` commas or spaces, only spaces when the prefix holds a comma)',
    ),
  signed: z
    .string({ error: 'a template such as ${timestamp}.${body}' })
    .min(1, { error: 'a template such as ${timestamp}.${body}' })
    .max(1_024, { error: 'a template of at most 1024 characters' })
    .default('${body}')
    .describe('The signed content, over ${body}, ${timestamp}, ${id}, ${method}, ${url}, ${header.<name>}'),
  timestampHeader: headerName.optional().describe('Header that carries the signed timestamp'),
  timestampField: text('the name of a field')
    .min(1, { error: 'the name of a field' })
    .optional()
    .describe(
      'Timestamp inside the signature header: key for `pairs`, position from 0 for `positional`; otherwise a path in the JSON body',
    ),
  timestampUnit: z.enum(['s', 'ms', 'iso'], { error: 'one of s, ms, iso' }).default('s'),
  idHeader: headerName.optional().describe('Header that carries ${id}'),
}

const shared = z.strictObject(signedShape)

/** What only a preset may say beside: these are facts of one sender each, and a wrong one would bind less than it seems to. */
export const presetOnlyShape = {
  header: headerName.optional(),
  signatureField: z.string().optional().describe('Path of the signature in the JSON body, in place of a header'),
  urlUnescaped: z.string().optional().describe('Characters that the sender decodes in the URL before it signs it'),
  urlPortVaries: z.boolean().optional().describe('The sender signs the URL with its port or without it'),
}

/** The shared settings, defaults filled in, with what a preset may add. */
export type SignedSettings = Omit<z.infer<typeof shared>, 'header'> & {
  header?: string | undefined
  signatureField?: string | undefined
  urlUnescaped?: string | undefined
  urlPortVaries?: boolean | undefined
}

/** Where the signed timestamp stands, null when none is signed. */
export type TimestampPlace =
  | { in: 'header'; name: string }
  | { in: 'pair'; key: string }
  | { in: 'position'; index: number }
  | { in: 'body'; path: readonly string[] }

/** Tells where the settings put the timestamp. For `positional` without any hint it is the first element (Recurly), if it is signed at all. */
export function timestampPlace(settings: SignedSettings): TimestampPlace | null {
  const { timestampHeader, timestampField, parse, signed } = settings
  if (timestampHeader !== undefined) return { in: 'header', name: timestampHeader.toLowerCase() }
  if (parse === 'positional' && (timestampField !== undefined || signed.includes('${timestamp}'))) {
    return { in: 'position', index: Number(timestampField ?? 0) }
  }
  if (timestampField === undefined) return null
  return parse === 'pairs' ? { in: 'pair', key: timestampField } : { in: 'body', path: timestampField.split('.') }
}

/** What a source must say beside, and who wrote the settings: presets know more variables than users do. */
export interface SignedContext {
  kind: 'hmac' | 'digest' | 'asymmetric'
  preset: boolean
  url: boolean
}

/** Finds what is wrong between settings that are each well-formed. */
export function findSignedProblems(settings: SignedSettings, context: SignedContext): SchemeProblem[] {
  const template = parseSignedTemplate(settings.signed, context)
  if (!template.ok) return [{ pointer: '/signed', expected: template.expected, found: settings.signed }]
  return [
    ...findTimestampProblems(settings, template.segments),
    ...findReferenceProblems(settings, template.segments, context),
  ]
}

function findTimestampProblems(settings: SignedSettings, segments: readonly Segment[]): SchemeProblem[] {
  const { timestampHeader, timestampField, parse, signed } = settings
  if (timestampHeader !== undefined && timestampField !== undefined) {
    return [{ pointer: '/timestampField', expected: 'either timestampHeader or timestampField', found: 'both' }]
  }
  if (parse === 'positional' && timestampField !== undefined && !/^[0-9]$/.test(timestampField)) {
    return [{ pointer: '/timestampField', expected: 'a position from 0 to 9', found: timestampField }]
  }
  const place = timestampPlace(settings)
  const isSigned = uses(segments, 'timestamp')
  if (isSigned && place === null) {
    return [{ pointer: '/signed', expected: 'timestampHeader or timestampField beside ${timestamp}', found: 'neither' }]
  }
  if (isSigned && place?.in === 'body') {
    return [
      { pointer: '/signed', expected: 'no ${timestamp}: a field of the body is signed with the body', found: signed },
    ]
  }
  if (!isSigned && place !== null && place.in !== 'body') {
    const pointer = timestampHeader === undefined ? '/timestampField' : '/timestampHeader'
    return [{ pointer, expected: 'a timestamp that is signed (${timestamp} in "signed")', found: 'one that is not' }]
  }
  return []
}

/** What presets may sign in place of the whole body. */
const OF_BODY: ReadonlySet<string> = new Set(['body.sha256', 'body.crc32', 'body.json', 'form', 'form.sorted', 'json'])

function findReferenceProblems(
  settings: SignedSettings,
  segments: readonly Segment[],
  { kind, preset, url }: SignedContext,
): SchemeProblem[] {
  const problems: SchemeProblem[] = []
  const { signed } = settings
  if (!segments.some(segment => segment.kind === 'body' || (preset && OF_BODY.has(segment.kind)))) {
    problems.push({ pointer: '/signed', expected: 'a template that holds ${body}', found: signed })
  }
  if (kind === 'digest' && !uses(segments, 'secret')) {
    problems.push({ pointer: '/signed', expected: 'a template that holds ${secret}', found: signed })
  }
  if (uses(segments, 'id') && settings.idHeader === undefined) {
    problems.push({ pointer: '/signed', expected: 'idHeader beside ${id}', found: 'none' })
  }
  if (uses(segments, 'url') && !url) {
    problems.push({ pointer: '/url', expected: 'the public URL the sender was given', found: 'nothing' })
  }
  if (settings.separator !== undefined && settings.parse === 'whole') {
    problems.push({ pointer: '/separator', expected: 'no separator where parse is whole', found: settings.separator })
  }
  return problems
}

function uses(segments: readonly Segment[], kind: Segment['kind']): boolean {
  return segments.some(segment => segment.kind === kind)
}
