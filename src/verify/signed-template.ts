/** A piece of the signed content: fixed bytes, or something of the delivery. */
export type Segment =
  | { kind: 'literal'; text: string; bytes: Buffer }
  | { kind: 'body' | 'timestamp' | 'id' | 'method' | 'url' }
  | { kind: 'header'; name: string }

/** A parsed template, or what was expected of it. */
export type TemplateParse = { ok: true; segments: readonly Segment[] } | { ok: false; expected: string }

const VARIABLES = ['body', 'timestamp', 'id', 'method', 'url'] as const
const HEADER_VARIABLE = /^header\.([!#$%&'*+.^_`|~0-9A-Za-z-]{1,128})$/
const KNOWN = '${body}, ${timestamp}, ${id}, ${method}, ${url}, ${header.<name>}'

/**
 * Parses the template of a signed content, once, when a scheme is compiled; values are put in once, left to right, and never looked at again.
 * Text outside of `${…}` stands for itself. Refuses unknown variables and templates in which a value the sender chooses freely
 * (`id`, `header.x`) touches another value: "a" + "bc" and "ab" + "c" would have one signature.
 */
export function parseSignedTemplate(template: string): TemplateParse {
  const segments: Segment[] = []
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
    const segment = readVariable(rest.slice(2, end))
    if (segment === null) return { ok: false, expected: `a template over ${KNOWN}` }
    segments.push(segment)
    rest = rest.slice(end + 1)
  }
  return checkSegments(segments)
}

function readVariable(name: string): Segment | null {
  const kind = VARIABLES.find(variable => variable === name)
  if (kind !== undefined) return { kind }
  const header = HEADER_VARIABLE.exec(name)
  return header === null ? null : { kind: 'header', name: header[1]!.toLowerCase() }
}

function checkSegments(segments: readonly Segment[]): TemplateParse {
  if (segments.every(({ kind }) => kind === 'literal')) return { ok: false, expected: `a template over ${KNOWN}` }
  for (let i = 0; i + 1 < segments.length; i++) {
    const pair = [segments[i]!, segments[i + 1]!]
    if (pair.some(isFree) && pair.every(({ kind }) => kind !== 'literal')) {
      return { ok: false, expected: 'a separator between ${id} or ${header.<name>} and the variable next to it' }
    }
  }
  return { ok: true, segments }
}

function isFree({ kind }: Segment): boolean {
  return kind === 'id' || kind === 'header'
}

/** The fixed texts beside a segment: what its value must not contain, or the content could be cut in two ways. */
export function separatorsBeside(segments: readonly Segment[], at: number): readonly string[] {
  const texts: string[] = []
  for (const segment of [segments[at - 1], segments[at + 1]]) {
    if (segment?.kind === 'literal') texts.push(segment.text)
  }
  return texts
}
