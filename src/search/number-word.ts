/** 41 bits: of ten million different words in an index, a word that is not there meets one of them once in 200,000 times. */
const HIGH_BITS = 0x1ff
const LOW_RANGE = 2 ** 32
/** Digits of the largest number, base 36. */
const DIGITS = 8

/**
 * Gives the number that stands for a word in the index, as eight digits or small letters: neither the words of a payload nor
 * those of a person who searches ever reach the database.
 */
export function numberWord(word: string): string {
  // FNV-1a in two lanes with factors of their own: it has to spread words, not to keep them secret
  let low = 0x811c9dc5
  let high = 0x9747b28c
  for (let n = 0; n < word.length; n++) {
    const unit = word.charCodeAt(n)
    low = Math.imul(low ^ unit, 0x01000193)
    high = Math.imul(high ^ unit, 0x85ebca6b)
    high ^= high >>> 15
  }
  low ^= high >>> 13
  return ((high & HIGH_BITS) * LOW_RANGE + (low >>> 0)).toString(36).padStart(DIGITS, '0')
}
