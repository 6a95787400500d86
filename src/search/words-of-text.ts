/** Scripts that write no spaces between words: each character counts as one. */
const WORD =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]|[[\p{L}\p{N}\p{M}]--[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]]+/gv
/** The same where all is ASCII: a fifth of the time. */
const ASCII_WORD = /[a-z0-9]+/g
/** Accents of Latin, Greek and Cyrillic letters; marks of other scripts are part of their words. */
const ACCENTS = /[\u0300-\u036f]/g

/**
 * Finds the different words of a text, in their order: runs of letters and digits, without case and accents. Anything else,
 * half of a surrogate pair too, stands between words.
 */
export function wordsOfText(text: string): Set<string> {
  if (Buffer.byteLength(text) === text.length) return new Set(text.toLowerCase().match(ASCII_WORD))
  return new Set(text.normalize('NFKD').toLowerCase().replace(ACCENTS, '').match(WORD))
}
