import { numberWord } from './number-word.ts'
import { wordsOfText } from './words-of-text.ts'

/** Of one payload: characters of its values that are read, in their order, and different words that are kept of them. */
export const PAYLOAD_CHARS_MAX = 100_000
export const PAYLOAD_WORDS_MAX = 2_000

/**
 * Gives the numbers of the different words in a payload, with spaces between. Read are its texts and numbers; names of
 * members are the sender's, the same in every event of a type.
 */
export function wordsOfPayload(payload: unknown): string {
  const words = [...wordsOfText(textOf(payload))].slice(0, PAYLOAD_WORDS_MAX)
  return [...new Set(words.map(numberWord))].join(' ')
}

function textOf(payload: unknown): string {
  const pieces: string[] = []
  let left = PAYLOAD_CHARS_MAX
  const gather = (value: unknown): void => {
    if (left <= 0) return
    if (typeof value === 'string' || typeof value === 'number') {
      const piece = String(value).slice(0, left)
      pieces.push(piece)
      left -= piece.length + 1
    } else if (typeof value === 'object' && value !== null) {
      for (const inner of Object.values(value)) gather(inner)
    }
  }
  // as deep as limits.jsonDepth lets a payload be
  gather(payload)
  return pieces.join(' ')
}
