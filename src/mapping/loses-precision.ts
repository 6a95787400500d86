/** `Number.MAX_SAFE_INTEGER`: above it neighbouring whole numbers share one double (IEEE 754 binary64). */
const SAFE_MAX = Number.MAX_SAFE_INTEGER

/** Significant digits every decimal keeps through a double (`DBL_DIG` of IEEE 754 binary64). */
const DIGITS_ALWAYS_KEPT = 15

/**
 * Says whether a JSON number's text means something else once it is a JavaScript number.
 * `text` is the token as written, `value` what JSON.parse made of it. True for overflow (`1e400`), underflow to 0
 * (`1e-400`), digits that do not come back (`9007199254740993`, 20 decimals), and whole numbers above 2^53, written
 * without exponent, whose double is another whole number. `-0` counts as 0 and is kept.
 */
export function losesPrecision(text: string, value: number): boolean {
  if (!Number.isFinite(value)) return true
  if (text.length <= DIGITS_ALWAYS_KEPT && !/[eE]/.test(text)) return false
  const written = toDecimal(text)
  if (value === 0) return written.digits !== ''
  const kept = toDecimal(String(value))
  if (written.digits !== kept.digits || written.exponent !== kept.exponent) return true
  // An id such as 1234567890123456800 comes back digit for digit, yet its double is 1234567890123456768.
  return Math.abs(value) > SAFE_MAX && /^-?\d+$/.test(text) && BigInt(text) !== BigInt(value)
}

/** Decimal digits without leading or trailing zeros ('' is zero) and the power of ten of the last digit. */
function toDecimal(text: string): { digits: string; exponent: number } {
  const [mantissa = '', power = '0'] = text.replace(/^-/, '').toLowerCase().split('e')
  const [whole = '', fraction = ''] = mantissa.split('.')
  const all = whole + fraction
  const digits = all.replace(/^0+/, '')
  const trimmed = digits.slice(0, trailingZerosStart(digits))
  return { digits: trimmed, exponent: Number(power) - fraction.length + (digits.length - trimmed.length) }
}

/** A loop and not `/0+$/`, which is quadratic on a long run of inner zeros. */
function trailingZerosStart(digits: string): number {
  let end = digits.length
  while (end > 0 && digits.charCodeAt(end - 1) === 0x30) end--
  return end
}
