import { parentPort } from 'node:worker_threads'
import { checkMappings } from '../mapping/load-mappings.ts'
import { compileIdentifier } from '../source/find-identifier.ts'
import { judgeEvent, type Rules } from './judge-event.ts'
import type { FromJudge, JudgeSetup, ToJudge } from './wire.ts'

let rules: Rules | null = null

parentPort!.on('message', (message: ToJudge) => {
  if (message.kind === 'setup') rules = makeRules(message.setup)
  else
    parentPort!.postMessage({
      decisions: message.events.map(event => judgeEvent(event, rules!, Date.now())),
    } satisfies FromJudge)
})

/** Compiles what the main thread found in order; the texts are the same, so nothing can be wrong with them here. */
function makeRules(setup: JudgeSetup): Rules {
  const { mappings } = checkMappings(setup.files, {
    sources: new Set(setup.sources.map(source => source.name)),
    integrations: new Set(setup.integrations),
    constants: setup.constants,
  })
  const sources = new Map<string, Rules['sources'] extends ReadonlyMap<string, infer S> ? S : never>()
  for (const { name, eventType, form } of setup.sources) {
    const compiled = compileIdentifier(eventType, '/eventType')
    sources.set(name, { eventType: compiled.ok ? compiled.template : null, form })
  }
  return {
    sources,
    mappings,
    constants: setup.constants,
    jsonDepthMax: setup.jsonDepthMax,
    jobsPerEventMax: setup.jobsPerEventMax,
  }
}
