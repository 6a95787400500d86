import type { Trigger } from './compile-trigger.ts'
import type { EventScope } from './create-scope.ts'
import { describeValue } from './schema-problems.ts'

/** Whether a mapping takes an event, and in words why not (never with values of the payload: they outlive it here). */
export type Match =
  | { matched: true }
  | { matched: false; reason: 'source' | 'type' | 'when_false' | 'when_error'; detail: string }

/** Decides whether a mapping takes an event: its source, its event type, its `when`. Pure. */
export function matchMapping(mapping: Trigger, scope: EventScope): Match {
  const { source, type } = scope.event
  if (source !== mapping.source) {
    return {
      matched: false,
      reason: 'source',
      detail: `the event is from "${source}", the mapping takes "${mapping.source}"`,
    }
  }
  if (mapping.on !== null && !mapping.on.some(pattern => matchesType(pattern, type))) {
    return { matched: false, reason: 'type', detail: `the event type "${type}" is none of ${mapping.on.join(', ')}` }
  }
  return mapping.when === null ? { matched: true } : matchWhen(mapping, scope)
}

function matchWhen(mapping: Trigger, scope: EventScope): Match {
  const result = mapping.when!.evaluate(scope)
  if (!result.ok) return { matched: false, reason: 'when_error', detail: `${result.reason}: ${result.message}` }
  if (result.value === true) return { matched: true }
  if (result.value !== false) {
    const found =
      typeof result.value === 'string'
        ? 'a text'
        : typeof result.value === 'number'
          ? 'a number'
          : describeValue(result.value)
    return { matched: false, reason: 'when_error', detail: `mapping_type: "when" gives ${found}, not true or false` }
  }
  const part = mapping.whenParts.find(part => {
    const value = part.evaluate(scope)
    return value.ok && value.value === false
  })
  return { matched: false, reason: 'when_false', detail: `false: ${part?.source ?? mapping.when!.source}` }
}

/** Compares an event type with a pattern; `*` stands for any characters within one segment between dots. */
export function matchesType(pattern: string, type: string): boolean {
  const patterns = pattern.split('.')
  const segments = type.split('.')
  return patterns.length === segments.length && patterns.every((part, i) => matchesSegment(part, segments[i]!))
}

/** Glob with `*` only, by one-step backtracking: no regular expression, so at worst pattern × text steps. */
function matchesSegment(pattern: string, text: string): boolean {
  let p = 0
  let star = -1
  let mark = 0
  for (let i = 0; i < text.length; ) {
    if (pattern[p] === '*') {
      star = p++
      mark = i
    } else if (pattern[p] === text[i]) {
      p++
      i++
    } else if (star >= 0) {
      p = star + 1
      i = ++mark
    } else return false
  }
  while (pattern[p] === '*') p++
  return p === pattern.length
}
