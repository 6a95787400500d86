import { losesPrecision } from './loses-precision.ts'

/** `JSON.rawJSON` and the source text of a number in a reviver (ES2026, V8 since 11.4) are not in TypeScript's es2025. */
const { rawJSON, parse } = JSON as unknown as {
  rawJSON(text: string): unknown
  parse(text: string, reviver: (key: string, value: unknown, context: { source?: string }) => unknown): unknown
}

/** Parses JSON so that it can be written again with every number as it was: ids above 2^53 are common in payloads. */
export function parseExact(text: string): unknown {
  return parse(text, (_key, value, { source }) =>
    typeof value === 'number' && source !== undefined && losesPrecision(source, value) ? rawJSON(source) : value,
  )
}
