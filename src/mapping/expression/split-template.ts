/** A piece of a template string: text, or an expression whose source starts at `start` of the string. */
export type TemplatePart = { kind: 'text'; text: string } | { kind: 'expression'; source: string; start: number }

export type SplitTemplate =
  | { ok: true; parts: readonly TemplatePart[] }
  | { ok: false; message: string; start: number; end: number }

/**
 * Splits a string at its `${…}`. `\${` is a literal `${`.
 * The end of an expression is found as CEL reads it: braces of map literals count, those in CEL texts and comments do not.
 */
export function splitTemplate(text: string): SplitTemplate {
  const parts: TemplatePart[] = []
  let literal = ''
  let at = 0
  while (at < text.length) {
    const open = text.indexOf('${', at)
    if (open === -1) break
    if (text.charAt(open - 1) === '\\' && open > at) {
      literal += `${text.slice(at, open - 1)}\${`
      at = open + 2
      continue
    }
    const end = findEnd(text, open + 2)
    if (end === -1) return { ok: false, message: 'the "${" has no closing "}"', start: open, end: text.length }
    literal += text.slice(at, open)
    if (literal !== '') parts.push({ kind: 'text', text: literal })
    parts.push({ kind: 'expression', source: text.slice(open + 2, end), start: open + 2 })
    literal = ''
    at = end + 1
  }
  literal += text.slice(at)
  if (literal !== '' || parts.length === 0) parts.push({ kind: 'text', text: literal })
  return { ok: true, parts }
}

/** Index of the `}` that closes the expression starting at `from`, or -1. */
function findEnd(text: string, from: number): number {
  let depth = 0
  for (let i = from; i < text.length; i++) {
    const character = text[i]
    if (character === '"' || character === "'") i = endOfText(text, i)
    else if (character === '/' && text[i + 1] === '/') i = endOfLine(text, i)
    else if (character === '{') depth++
    else if (character === '}' && depth-- === 0) return i
  }
  return -1
}

/** Index of the last quote of the CEL text that starts at `start` (also `'''…'''`), or the length of the string. */
function endOfText(text: string, start: number): number {
  const quote = text.charAt(start)
  const triple = quote.repeat(3)
  const closing = text.startsWith(triple, start) ? triple : quote
  for (let i = start + closing.length; i < text.length; i++) {
    if (text[i] === '\\') i++
    else if (text.startsWith(closing, i)) return i + closing.length - 1
  }
  return text.length
}

function endOfLine(text: string, start: number): number {
  const end = text.indexOf('\n', start)
  return end === -1 ? text.length : end
}
