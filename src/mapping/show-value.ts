/** Characters of a value that are shown on one line. */
const SHOWN_CHARS_MAX = 80

/**
 * What a terminal would obey, or a reader be misled by: C0 and C1 controls, line separators, marks that turn or hide
 * text (Unicode bidirectional algorithm, UAX 9; zero-width characters), and half surrogate pairs.
 */
const UNSHOWABLE =
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]|\p{Surrogate}/gu

/** Foreign text as it may be printed: characters that are not there to be seen are spelled out (`\u001b`). */
export function showText(text: string): string {
  return text.replace(UNSHOWABLE, character => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/** A JSON value on one line, shortened; `undefined` is `nothing`. Holds no control characters. */
export function showValue(value: unknown, charsMax: number = SHOWN_CHARS_MAX): string {
  if (value === undefined) return 'nothing'
  return shorten(showText(stringify(value)), charsMax)
}

/** Two texts that differ, each from a little before the first difference on where they are long. */
export function showDiffering(left: string, right: string): [string, string] {
  if (left.length <= SHOWN_CHARS_MAX - 2 && right.length <= SHOWN_CHARS_MAX - 2)
    return [showValue(left), showValue(right)]
  let same = 0
  while (same < left.length && left[same] === right[same]) same++
  const from = Math.max(0, same - 20)
  const show = (text: string): string => `${from > 0 ? '…' : ''}${showValue(text.slice(from))}`
  return [show(left), show(right)]
}

/** Symbols stand for numbers that lost precision (lossy-number.ts); JSON would leave them out. */
function stringify(value: unknown): string {
  const text = JSON.stringify(value, (_key, item: unknown) => (typeof item === 'symbol' ? '(imprecise number)' : item))
  return text ?? 'nothing'
}

function shorten(text: string, charsMax: number): string {
  return text.length > charsMax ? `${text.slice(0, charsMax - 1)}…` : text
}
