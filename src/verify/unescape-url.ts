/**
 * Decodes the percent-escapes of the given characters in a URL and leaves all others: HubSpot does so before it signs.
 * Without characters the URL stays as it is.
 */
export function unescapeUrl(url: string, characters: string | undefined): string {
  if (characters === undefined) return url
  return url.replace(/%[0-9A-Fa-f]{2}/g, triplet => {
    const character = String.fromCharCode(Number.parseInt(triplet.slice(1), 16))
    return characters.includes(character) ? character : triplet
  })
}
