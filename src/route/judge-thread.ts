import { parentPort } from 'node:worker_threads'
import { compileTrigger } from '../mapping/compile-trigger.ts'
import { freeMemory } from '../own-memory.ts'
import { compileIdentifier } from '../source/find-identifier.ts'
import { judgeEvent, type Rules, type SourceRule } from './judge-event.ts'
import { type FromJudge, type JudgeSetup, type SentEvent, type ToJudge, unpackEvent } from './wire.ts'

const port = parentPort!
let rules: Rules | null = null

port.on('message', (message: ToJudge) => {
  if (message.kind === 'setup') rules = makeRules(message.setup)
  else port.postMessage({ decisions: message.events.map(judge) } satisfies FromJudge)
})

function judge(sent: SentEvent): FromJudge['decisions'][number] {
  const event = unpackEvent(sent)
  const decision = judgeEvent(event, rules!, Date.now())
  freeMemory(event.body.bytes)
  return { ...decision, detail: JSON.stringify(decision.detail) }
}

/** Compiles what the main thread found in order; the files are the same, so nothing can be wrong with them here. */
function makeRules(setup: JudgeSetup): Rules {
  const mappings = setup.mappings.map(({ name, file }) => {
    const source = { file: name, text: '', json: file, places: new Map() }
    return compileTrigger(name, file, setup.constants, source, []).trigger
  })
  const sources = new Map<string, SourceRule>()
  for (const { name, eventType, form, mayEcho } of setup.sources) {
    const compiled = compileIdentifier(eventType, '/eventType')
    sources.set(name, { eventType: compiled.ok ? compiled.template : null, form, mayEcho })
  }
  return {
    sources,
    mappings,
    constants: setup.constants,
    jsonDepthMax: setup.jsonDepthMax,
    jobsPerEventMax: setup.jobsPerEventMax,
    searchesPayloads: setup.searchesPayloads,
  }
}
