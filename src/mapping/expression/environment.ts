import { Environment } from '@marcbachmann/cel-js'
import * as data from './data-functions.ts'
import { AST_LIMITS } from './expression-limits.ts'
import * as dates from './format-date.ts'
import * as html from './html-functions.ts'
import { matchesLinear } from './linear-match.ts'
import { defaultMacro } from './macros.ts'
import { oursOfPart } from './rewrite-tree.ts'
import * as text from './text-functions.ts'
import { readPart, TIMESTAMP_PARTS, timestamp } from './timestamp-functions.ts'

/** Header names come in lower case and have one text each; everything else is only known when the event comes. */
const VARIABLE_TYPES: Readonly<Record<string, string>> = { headers: 'map<string, string>' }

type Handler = (...args: never[]) => unknown

/** Functions of one text, callable as `f(x)` and `x.f()`. */
const TEXT_FUNCTIONS: Readonly<Record<string, Handler>> = {
  slugify: text.slugify,
  lower: text.lower,
  upper: text.upper,
  sha256: data.sha256,
  base64Encode: data.base64Encode,
  base64Decode: data.base64Decode,
  escapeHtml: html.escapeHtml,
  stripHtml: html.stripHtml,
  markdown: html.markdown,
}

const SIGNATURES: readonly (readonly [string, Handler])[] = [
  ['trim(string): string', text.trim],
  ['string.boundedTrim(): string', text.trim],
  ['truncate(string, int): string', text.truncate],
  ['truncate(string, double): string', text.truncate],
  ['string.truncate(int): string', text.truncate],
  ['string.truncate(double): string', text.truncate],
  ['replace(string, string, string): string', text.replace],
  ['string.replace(string, string): string', text.replace],
  ['split(string, string): list<string>', text.split],
  ['string.boundedSplit(string): list<string>', text.split],
  ['string.boundedSplit(string, int): list<string>', text.splitLimited],
  ['join(list): string', text.join],
  ['join(list, string): string', text.join],
  ['list.boundedJoin(): string', text.join],
  ['list.boundedJoin(string): string', text.join],
  ['matches(string, string): bool', matchesLinear],
  ['string.linearMatches(string): bool', matchesLinear],
  ['string.boundedContains(string): bool', text.contains],
  ['string.boundedIndexOf(string): int', text.indexOf],
  ['string.boundedIndexOf(string, int): int', text.indexOf],
  ['string.boundedLastIndexOf(string): int', text.lastIndexOf],
  ['string.boundedLastIndexOf(string, int): int', text.lastIndexOf],
  ['string.boundedSubstring(int): string', text.substring],
  ['string.boundedSubstring(int, int): string', text.substring],
  ['parseJson(string): dyn', data.parseJson],
  ['bytes.boundedJson(): dyn', data.parseJsonBytes],
  ['json(dyn): string', data.json],
  ['lookup(map, dyn, dyn): dyn', data.lookup],
  ['wouldChange(dyn, dyn): bool', data.wouldChange],
  ['shapeContent(dyn, dyn): dyn', data.shapeContent],
]

const TIMESTAMP = 'google.protobuf.Timestamp'
const TIME_TYPES = ['string', 'int', 'double', TIMESTAMP] as const

const ARITHMETIC: Readonly<Record<string, (left: number, right: number) => number>> = {
  '+': (left, right) => left + right,
  '-': (left, right) => left - right,
  '*': (left, right) => left * right,
  '/': (left, right) => left / right,
  '%': (left, right) => left % right,
}

const environments = new Map<string, Environment>()

/** The environment in which exactly these names are in scope; one per set of names, made once. */
export function environmentFor(variables: readonly string[]): Environment {
  const key = [...variables].sort().join(' ')
  const present = environments.get(key)
  if (present !== undefined) return present
  const environment = base.clone()
  for (const name of variables) environment.registerVariable(name, VARIABLE_TYPES[name] ?? 'dyn')
  environments.set(key, environment)
  return environment
}

const base = createBase()

function createBase(): Environment {
  const environment = new Environment({ homogeneousAggregateLiterals: false, limits: AST_LIMITS })
  const register = (signature: string, handler: Handler) =>
    environment.registerFunction(signature, handler, { async: false })
  for (const [name, handler] of Object.entries(TEXT_FUNCTIONS)) {
    register(`${name}(string): string`, handler)
    register(`string.${name}(): string`, handler)
  }
  for (const [signature, handler] of SIGNATURES) register(signature, handler)
  for (const type of TIME_TYPES) {
    register(`formatDate(${type}, string): string`, dates.formatDate)
    register(`formatDate(${type}, string, string): string`, dates.formatDate)
    register(`date(${type}): string`, dates.date)
    register(`date(${type}, string): string`, dates.date)
    register(`dateTimeOffset(${type}): string`, dates.dateTimeOffset)
    register(`dateTimeOffset(${type}, string): string`, dates.dateTimeOffset)
    register(`boundedTimestamp(${type}): ${TIMESTAMP}`, timestamp)
  }
  for (const name of TIMESTAMP_PARTS) {
    const read: Handler = (time: Date, zone?: string) => readPart(name, time, zone)
    const ours = oursOfPart(name)
    register(`${TIMESTAMP}.${ours}(): int`, read)
    register(`${TIMESTAMP}.${ours}(string): int`, read)
  }
  register('default(ast, ast): dyn', defaultMacro)
  registerMixedArithmetic(environment)
  return environment
}

/** JSON numbers are CEL doubles and `1` is a CEL int: authors write `payload.n + 1`, so the two mix (tech.md). */
function registerMixedArithmetic(environment: Environment): void {
  for (const [operator, compute] of Object.entries(ARITHMETIC)) {
    const mixed = (left: number | bigint, right: number | bigint) => compute(Number(left), Number(right))
    environment.registerOperator(`double ${operator} int: double`, mixed)
    environment.registerOperator(`int ${operator} double: double`, mixed)
  }
  environment.registerOperator('double % double: double', ARITHMETIC['%']!)
  environment.registerOperator('int == double: bool', (left: bigint, right: number) => Number(left) === right)
}
