import type { Problem } from './problem.ts'

/** Most characters of the line shown, around the place. */
const SHOWN_CHARACTERS_MAX = 100

/**
 * The line a problem is about with a caret under its place, for people; null where the place is not known.
 * `text` is that of the problem's file. Long lines are shortened on both sides; control characters are shown as spaces.
 */
export function excerptOf({ line, column }: Pick<Problem, 'line' | 'column'>, text: string): string | null {
  if (line === null || column === null) return null
  const full = text.replace(/^\ufeff/, '').split('\n')[line - 1]
  if (full === undefined) return null
  const indent = full.length - full.trimStart().length
  const from = Math.max(Math.min(indent, column - 1), column - 1 - SHOWN_CHARACTERS_MAX / 2)
  const to = from + SHOWN_CHARACTERS_MAX
  const before = from > indent ? '…' : ''
  const shown = full.slice(from, to).replace(/[\u0000-\u001f\u007f-\u009f]/g, ' ')
  const caret = `${' '.repeat(before.length + column - 1 - from)}^`
  return `${before}${shown.trimEnd()}${to < full.trimEnd().length ? '…' : ''}\n${caret}`
}
