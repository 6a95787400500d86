import { parentPort, workerData } from 'node:worker_threads'
import { checkMappings } from '../mapping/load-mappings.ts'
import { readMappingFiles } from '../mapping/read-mapping-files.ts'
import { compileSourceRules } from '../route/compile-source-rules.ts'
import type { PastEvent } from '../store/reports.ts'
import type { RehearsedPage } from './rehearsal-result.ts'
import type { FromRehearsal, RehearsalSetup, ToRehearsal } from './rehearsal-wire.ts'
import { type RehearsalRules, rehearseEvent } from './rehearse-event.ts'

const port = parentPort!
const setup = workerData as RehearsalSetup

const rules = await makeRules()
if (rules === null) send({ kind: 'differs' })
else {
  port.on('message', ({ events }: ToRehearsal) => send({ kind: 'page', page: rehearsePage(events, rules) }))
  send({ kind: 'ready' })
}

function send(message: FromRehearsal): void {
  port.postMessage(message)
}

function rehearsePage(events: readonly PastEvent[], rules: RehearsalRules): RehearsedPage {
  const page: RehearsedPage = { events: events.length, results: [], unchanged: {}, skipped: {} }
  for (const past of events) {
    const rehearsed = rehearseEvent(past, rules)
    if (rehearsed.skipped !== null) {
      page.skipped[rehearsed.skipped] = (page.skipped[rehearsed.skipped] ?? 0) + 1
      continue
    }
    for (const result of rehearsed.results) {
      if (result.verdict === 'unchanged') page.unchanged[result.mapping] = (page.unchanged[result.mapping] ?? 0) + 1
      else page.results.push(result)
    }
  }
  return page
}

/** Compiles the files as they are on disk; null where they are not what is in force. */
async function makeRules(): Promise<RehearsalRules | null> {
  const { mappings } = checkMappings(await readMappingFiles(setup.mappingsFolder, setup.schemaFile), setup.context)
  const found = Object.fromEntries(mappings.map(({ name, hash }) => [name, hash]))
  const names = new Set([...Object.keys(found), ...Object.keys(setup.hashes)])
  if ([...names].some(name => found[name] !== setup.hashes[name])) return null
  const { constants, jsonDepthMax, jobsPerEventMax, only } = setup
  const byName = new Map(mappings.map(mapping => [mapping.name, mapping]))
  return {
    sources: compileSourceRules(setup.sources),
    constants,
    jsonDepthMax,
    jobsPerEventMax,
    mappings: byName,
    only,
  }
}
