import { compileTrigger, type Trigger } from '../mapping/compile-trigger.ts'
import { freeMemory } from '../own-memory.ts'
import type { RecordedEvent } from '../store/receipts.ts'
import type { RouteDecision } from '../store/routes.ts'
import { compileSourceRules } from './compile-source-rules.ts'
import { judgeEvent, type Rules } from './judge-event.ts'
import type { JudgeSetup } from './wire.ts'

/** Judges events in their order; the memory of their bodies is given back. */
export function judgeBatch(events: readonly RecordedEvent[], rules: Rules): RouteDecision[] {
  return events.map(event => {
    const decision = judgeEvent(event, rules, Date.now())
    freeMemory(event.body.bytes)
    return { ...decision, detail: JSON.stringify(decision.detail) }
  })
}

/** What judgement goes by in the thread: compiled anew from plain data, in which nothing can be wrong any more. */
export function compileRules(plain: JudgeSetup): Rules {
  const mappings = plain.mappings.map(({ name, file }) => {
    const source = { file: name, text: '', json: file, places: new Map() }
    return compileTrigger(name, file, plain.constants, source, []).trigger
  })
  return makeRules(plain, mappings)
}

/** What judgement goes by where the mappings are there compiled. */
export function makeRules(plain: JudgeSetup, mappings: readonly Trigger[]): Rules {
  const sources = compileSourceRules(plain.sources)
  const { constants, jsonDepthMax, jobsPerEventMax, searchesPayloads } = plain
  return { sources, mappings, constants, jsonDepthMax, jobsPerEventMax, searchesPayloads }
}
