import type { Trigger } from './compile-trigger.ts'
import type { EventScope } from './create-scope.ts'
import { type Clause, explainCondition } from './explain-condition.ts'
import { type Match, matchesType, matchMapping } from './match.ts'
import { showText } from './show-value.ts'

/** Why a mapping takes an event or does not, part by part; with values of the payload, so not to be stored. */
export interface MatchExplanation {
  match: Match
  source: { holds: boolean; expected: string; found: string }
  /** `patterns` null: every type; `by` is the one that takes it. */
  on: { holds: boolean; patterns: readonly string[] | null; by: string | null; found: string }
  /** null where the mapping has no `when`. */
  when: Clause | null
}

/** Explains a match: unlike `matchMapping` it looks at every part, also behind the first one that is false. Pure. */
export function explainMatch(mapping: Trigger, scope: EventScope): MatchExplanation {
  const { source, type } = scope.event
  const by = mapping.on?.find(pattern => matchesType(pattern, type)) ?? null
  return {
    match: matchMapping(mapping, scope),
    source: { holds: source === mapping.source, expected: mapping.source, found: showText(source) },
    on: { holds: mapping.on === null || by !== null, patterns: mapping.on, by, found: showText(type) },
    when: mapping.when === null ? null : explainCondition(mapping.when.source, scope),
  }
}
