import { compileIdentifier } from '../source/find-identifier.ts'
import type { SourceRule } from './judge-event.ts'
import type { JudgeSetup } from './wire.ts'

/** Compiles how each source says its event type; the setup is in force, so nothing can be wrong with it here. */
export function compileSourceRules(plain: JudgeSetup['sources']): Map<string, SourceRule> {
  const sources = new Map<string, SourceRule>()
  for (const { name, eventType, form, mayEcho } of plain) {
    const compiled = compileIdentifier(eventType, '/eventType')
    sources.set(name, { eventType: compiled.ok ? compiled.template : null, form, mayEcho })
  }
  return sources
}
