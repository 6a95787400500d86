/** Tells what a token that travels in a header would have to be, or null. undici would refuse others with the token in the message. */
export function findBearerProblem(token: string): string | null {
  return /^[\x21-\x7e]{1,2048}$/.test(token) ? null : 'a token of visible ASCII characters'
}
