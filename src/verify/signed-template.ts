/** A piece of the signed content: fixed bytes, or something of the delivery. */
export type Segment =
  | { kind: 'literal'; text: string; bytes: Buffer }
  | { kind: 'body' | 'timestamp' | 'id' | 'method' | 'url' | 'secret' | PresetVariable }
  | { kind: 'header' | 'pair' | 'json' | 'form' | 'config'; name: string }

/**
 * Variables of presets alone: `urlJoin` = `?` or `&`, whichever goes on with the URL; `body.sha256` = hex; `body.crc32` = decimal;
 * `body.json` = the body as a JSON string; `form.sorted` = names and values of a form, run together in the order of the names, then of the values.
 */
export type PresetVariable = 'urlJoin' | 'body.sha256' | 'body.crc32' | 'body.json' | 'form.sorted'

/** A parsed template, or what was expected of it. */
export type TemplateParse = { ok: true; segments: readonly Segment[] } | { ok: false; expected: string }

/** Who may use which variables. */
export interface TemplateContext {
  kind: 'hmac' | 'digest' | 'asymmetric'
  preset: boolean
}

const VARIABLES = ['body', 'timestamp', 'id', 'method', 'url'] as const
const PRESET_VARIABLES = ['urlJoin', 'body.sha256', 'body.crc32', 'body.json', 'form.sorted'] as const
const HEADER_VARIABLE = /^header\.([!#$%&'*+.^_`|~0-9A-Za-z-]{1,128})$/
const NAMED_VARIABLE = /^(pair|json|form|config)\.([A-Za-z0-9_.-]{1,128})$/
const KNOWN = '${body}, ${timestamp}, ${id}, ${method}, ${url}, ${header.<name>}'

/**
 * Parses the template of a signed content, once, when a scheme is compiled; values are put in once, left to right, and never looked at again.
 * Text outside of `${…}` stands for itself. Refuses unknown variables and templates in which a value the sender chooses freely
 * (`id`, `header.x`) touches another value: "a" + "bc" and "ab" + "c" would have one signature.
 */
export function parseSignedTemplate(template: string, context: TemplateContext): TemplateParse {
  const segments: Segment[] = []
  const known = context.kind === 'digest' ? `\${secret}, ${KNOWN}` : KNOWN
  let rest = template
  while (rest !== '') {
    const start = rest.indexOf('${')
    if (start !== 0) {
      const text = start === -1 ? rest : rest.slice(0, start)
      segments.push({ kind: 'literal', text, bytes: Buffer.from(text) })
      rest = rest.slice(text.length)
      continue
    }
    const end = rest.indexOf('}')
    if (end === -1) return { ok: false, expected: 'a template in which every "${" is closed by "}"' }
    const segment = readVariable(rest.slice(2, end), context)
    if (segment === null) return { ok: false, expected: `a template over ${known}` }
    segments.push(segment)
    rest = rest.slice(end + 1)
  }
  return checkSegments(segments, known)
}

function readVariable(name: string, { kind, preset }: TemplateContext): Segment | null {
  const variable = VARIABLES.find(variable => variable === name)
  if (variable !== undefined) return { kind: variable }
  if (name === 'secret') return kind === 'digest' ? { kind: 'secret' } : null
  const header = HEADER_VARIABLE.exec(name)
  if (header !== null) return { kind: 'header', name: header[1]!.toLowerCase() }
  if (!preset) return null
  const known = PRESET_VARIABLES.find(variable => variable === name)
  if (known !== undefined) return { kind: known }
  const named = NAMED_VARIABLE.exec(name)
  return named === null ? null : { kind: named[1] as 'pair' | 'json' | 'form' | 'config', name: named[2]! }
}

function checkSegments(segments: readonly Segment[], known: string): TemplateParse {
  if (segments.every(({ kind }) => kind === 'literal')) return { ok: false, expected: `a template over ${known}` }
  for (let i = 0; i + 1 < segments.length; i++) {
    const pair = [segments[i]!, segments[i + 1]!]
    if (pair.some(isFree) && pair.every(({ kind }) => kind !== 'literal')) {
      return { ok: false, expected: 'a separator between ${id} or ${header.<name>} and the variable next to it' }
    }
  }
  return { ok: true, segments }
}

function isFree({ kind }: Segment): boolean {
  return kind === 'id' || kind === 'header' || kind === 'pair'
}

/** The fixed texts beside a segment: what its value must not contain, or the content could be cut in two ways. */
export function separatorsBeside(segments: readonly Segment[], at: number): readonly string[] {
  const texts: string[] = []
  for (const segment of [segments[at - 1], segments[at + 1]]) {
    if (segment?.kind === 'literal') texts.push(segment.text)
  }
  return texts
}
