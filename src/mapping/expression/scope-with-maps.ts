import type { Scope } from './scope.ts'

/**
 * cel-js tells maps from other objects by `value.constructor`, so JSON with a member of that name (`{"constructor": 1}`
 * is legal data) fails as an unsupported type. Such objects are handed over as Map, which cel-js supports everywhere.
 * That is decided only after such a failure: ordinary payloads pay nothing.
 */
const SUSPECT_CODES = new Set(['unsupported_type', 'variable_type_mismatch'])

interface Converted {
  value: unknown
  changed: boolean
}

const converted = new WeakMap<object, Converted>()

/** Says whether the evaluation failed on a member named `constructor` somewhere in the scope. */
export function needsMaps(error: unknown, scope: Scope): boolean {
  const code = (error as { code?: unknown } | null)?.code
  const isSuspect = code === undefined ? error instanceof TypeError : SUSPECT_CODES.has(code as string)
  if (!isSuspect) return false
  try {
    return Object.entries(scope).some(([name, value]) => convertPart(name, value).changed)
  } catch {
    // Nested too deep to be walked: the evaluation fails as it did.
    return false
  }
}

/** The scope with a Map in place of every object that has a member named `constructor`. */
export function withMaps(scope: Scope): Scope {
  return Object.fromEntries(Object.entries(scope).map(([name, value]) => [name, convertPart(name, value).value]))
}

/** Only a payload is kept converted: `vars` and `steps` grow while a job runs. */
function convertPart(name: string, value: unknown): Converted {
  if (name !== 'payload' || typeof value !== 'object' || value === null) return convert(value)
  const present = converted.get(value)
  if (present !== undefined) return present
  const made = convert(value)
  converted.set(value, made)
  return made
}

/** Recursive: payloads are bounded by `limits.jsonDepth`, results by `RESULT_DEPTH_MAX`; deeper ones fail as they did. */
function convert(value: unknown): Converted {
  if (typeof value !== 'object' || value === null) return { value, changed: false }
  if (Array.isArray(value)) {
    const items = value.map(convert)
    return items.some(item => item.changed)
      ? { value: items.map(item => item.value), changed: true }
      : { value, changed: false }
  }
  const members = Object.entries(value).map(([key, item]): [string, Converted] => [key, convert(item)])
  const changed = Object.hasOwn(value, 'constructor') || members.some(([, item]) => item.changed)
  return changed
    ? { value: new Map(members.map(([key, item]) => [key, item.value])), changed }
    : { value, changed: false }
}
