import { pickOwn } from '../verify/pick-own.ts'
import { readUnprovenJson } from '../verify/read-body-value.ts'
import type { SchemeDefinition, SimpleDefinition } from '../verify/scheme-definition.ts'
import { setAt } from '../verify/set-at.ts'

/** Where credentials of a scheme travel, lower-case header names. `Authorization` and its like are always struck out. */
export function findSecretPlaces(definition: SchemeDefinition): {
  secretHeaders: ReadonlySet<string>
  secretParameters: ReadonlySet<string>
} {
  const simple = simplesOf(definition)
  // a token that does not bind the body would do for any other
  const headers = simple.flatMap(each =>
    each.kind === 'header' || each.kind === 'jwt' ? [each.header.toLowerCase()] : [],
  )
  const parameters = simple.flatMap(each => (each.kind === 'query-token' ? [each.parameter] : []))
  return { secretHeaders: new Set(headers), secretParameters: new Set(parameters) }
}

/** Makes what strikes the secret out of a body: asterisks of the same length, so that everything else stays where it was. */
export function makeBodyRedactor(definition: SchemeDefinition): (body: Buffer) => Buffer {
  const paths = simplesOf(definition).flatMap(each => (each.kind === 'body-token' ? [each.field.split('.')] : []))
  if (paths.length === 0) return body => body
  return body => {
    const json = readUnprovenJson(body)
    return paths.reduce<Buffer>((kept, path) => {
      const secret = pickOwn(json, path)
      return typeof secret === 'string' && secret !== '' ? strikeOut(kept, path, secret) : kept
    }, body)
  }
}

function strikeOut(body: Buffer, path: readonly string[], secret: string): Buffer {
  const copy = Buffer.from(body)
  const needle = Buffer.from(JSON.stringify(secret).slice(1, -1))
  for (let at = copy.indexOf(needle); at !== -1; at = copy.indexOf(needle, at + needle.length)) {
    copy.fill('*', at, at + needle.length)
  }
  const json = readUnprovenJson(copy)
  if (pickOwn(json, path) !== secret) return copy
  // It was spelled with escapes, which no sender does: then the rest need not stay byte for byte either.
  setAt(json, path, '[redacted]')
  return Buffer.from(JSON.stringify(json))
}

/** The schemes a definition is made of. */
export function simplesOf(definition: SchemeDefinition): readonly SimpleDefinition[] {
  return 'members' in definition ? definition.members.map(member => member.definition) : [definition]
}
