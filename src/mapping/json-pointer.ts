/** Adds one key or index to a JSON pointer (RFC 6901: `~` and `/` are escaped). */
export function appendPointer(pointer: string, key: string | number): string {
  return `${pointer}/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`
}

/** Splits a JSON pointer (RFC 6901) into its keys; `''` is the whole document and gives none. */
export function splitPointer(pointer: string): string[] {
  if (pointer === '') return []
  return pointer
    .slice(1)
    .split('/')
    .map(key => key.replaceAll('~1', '/').replaceAll('~0', '~'))
}
