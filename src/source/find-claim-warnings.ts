import type { SourceConfig } from '../config/read-source.ts'
import type { Problem } from '../mapping/problem.ts'
import type { JwtDefinition } from '../verify/scheme-definition.ts'
import { simplesOf } from './secret-places.ts'

/**
 * Warns of sources that take a token without asking who had it made: an issuer such as GitHub writes tokens for
 * everybody, and a name in a claim (`sub`, `repository`) can be given to somebody else later.
 */
export function findClaimWarnings(file: string, sources: ReadonlyMap<string, SourceConfig>): Problem[] {
  return [...sources].flatMap(([name, { definition }]) => {
    return simplesOf(definition).flatMap(each => (each.kind === 'jwt' ? warn(`/sources/${name}`, each, file) : []))
  })
}

function warn(pointer: string, { algorithm, claims = {}, namedBy }: JwtDefinition, file: string): Problem[] {
  // who has a shared secret is who was given it
  if (algorithm.startsWith('HS')) return []
  const names = Object.keys(claims)
  const isNamed =
    namedBy === undefined ? names.some(name => name !== 'sub') : namedBy.some(name => names.includes(name))
  if (isNamed) return []
  const expected = `${namedBy === undefined ? 'a claim beside sub' : namedBy.join(' or ')}, which says for good who may send`
  return [
    {
      file,
      pointer: `${pointer}/claims`,
      line: null,
      column: null,
      severity: 'warning',
      code: 'claims_weak',
      message: `expected ${expected}`,
      expected,
      found: names.length === 0 ? 'no claims' : names.join(', '),
      suggestion: null,
    },
  ]
}
