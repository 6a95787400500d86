import { pickOwn } from '../verify/pick-own.ts'
import { readUnprovenJson } from '../verify/read-body-value.ts'
import type { SchemeDefinition, SimpleDefinition } from '../verify/scheme-definition.ts'
import { setAt } from '../verify/set-at.ts'

/**
 * Where credentials of a scheme travel, lower-case header names. `Authorization` and its like are always struck out. `handed`:
 * where the sender hands its secret out when it is set up (`header.<name>`, `body.<path>`).
 */
export function findSecretPlaces(
  definition: SchemeDefinition,
  handed: string | null = null,
): {
  secretHeaders: ReadonlySet<string>
  secretParameters: ReadonlySet<string>
} {
  const simple = simplesOf(definition)
  // a token that does not bind the body would do for any other
  const headers = simple.flatMap(each =>
    each.kind === 'header' || each.kind === 'jwt' ? [each.header.toLowerCase()] : [],
  )
  const parameters = simple.flatMap(each => (each.kind === 'query-token' ? [each.parameter] : []))
  if (handed?.startsWith('header.') === true) headers.push(handed.slice('header.'.length))
  return { secretHeaders: new Set(headers), secretParameters: new Set(parameters) }
}

/** Makes what strikes the secret out of a body: asterisks of the same length, so that everything else stays where it was. */
export function makeBodyRedactor(definition: SchemeDefinition, handed: string | null = null): (body: Buffer) => Buffer {
  if (handed?.startsWith('body.') === true) return makeHandedRedactor(handed.slice('body.'.length).split('.'))
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

/** For a sender whose secret stands in one body only: the others are not even parsed. */
function makeHandedRedactor(path: readonly string[]): (body: Buffer) => Buffer {
  const name = JSON.stringify(path.at(-1))
  return body => {
    if (!body.includes(name)) return body
    const secret = pickOwn(readUnprovenJson(body), path)
    return typeof secret === 'string' && secret !== '' ? strikeOut(body, path, secret) : body
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
