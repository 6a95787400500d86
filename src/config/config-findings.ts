import { ZodError, type z } from 'zod'
import { suggest } from '../mapping/suggest.ts'
import { describeFound, problemsFromZod, type SchemeProblem } from '../verify/scheme-problem.ts'
import { knownKeysAt } from './bridge-schema.ts'
import type { ConfigFinding } from './problem.ts'

/** Places where a secret may have been pasted, also in place of the object it belongs in: what is found there is never repeated. */
const SECRET_PLACE =
  /\/(secrets(\/.*)?|token|reconcile|verifyToken|key|scheme(\/.*)?)$|^\/(sources|integrations|admin)(\/[^/]*)?$|^\/admin\/keys\/[^/]*$|^\/alerts(\/webhook(\/.*)?)?$/

/** What the schema of `bridge.json` refuses, in words, one finding a place; `json` is the file with its overrides. */
export function findingsOf(error: ZodError, json: unknown): ConfigFinding[] {
  const names = error.issues.filter(issue => issue.code === 'invalid_key').map(findName)
  const others = problemsFromZod(new ZodError(error.issues.filter(issue => issue.code !== 'invalid_key')), json)
  const findings = [...names, ...others.map(readFinding)]
  return findings.filter(({ pointer }, index) => findings.findIndex(other => other.pointer === pointer) === index)
}

/** A name of a source or integration that is none. */
function findName({ path, issues }: z.core.$ZodIssueInvalidKey): ConfigFinding {
  return {
    pointer: path.map(key => `/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`).join(''),
    expected: issues[0]?.message ?? 'another name',
    found: describeFound(String(path.at(-1))),
  }
}

function readFinding({ pointer, expected, found }: SchemeProblem): ConfigFinding {
  if (expected === 'no such key') {
    const known = knownKeysAt(pointer.slice(0, pointer.lastIndexOf('/')))
    return {
      pointer,
      expected: known.length === 0 ? 'a known key' : `one of ${known.join(', ')}`,
      found,
      suggestion: suggest(found.slice(1, -1), known),
      code: 'unknown_key',
    }
  }
  const isSecretPlace = SECRET_PLACE.test(pointer) && !pointer.endsWith('/expires') && found !== 'nothing'
  return { pointer, expected: cleanExpectation(expected), found: isSecretPlace ? 'a literal value' : found }
}

/** zod's own words, where the schema has none: "Invalid input: expected object, received array". */
function cleanExpectation(text: string): string {
  return text
    .replace(/^(Invalid input|Too small|Too big|Invalid option|Invalid string): expected /, '')
    .replace(/, received .*$/, '')
    .replace(/^object$/, 'an object')
    .replace(/^array$/, 'a list')
}
