import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { makeTempFolder } from '../fixtures/open-temp-store.ts'
import { storeCommands } from './model/store-commands.ts'
import { drain, openStage } from './model/store-stage.ts'

const RUNS = 300

t.test(
  'through any order of events, attempts, deaths and time no job is leased twice or lost, keys keep their order, caps hold, whoever acts',
  async t => {
    const folder = makeTempFolder(t)
    const seen = new Map<string, number>()
    let runs = 0
    const property = fc.asyncProperty(
      fc.commands(storeCommands(seen), { maxCommands: 120, size: 'max' }),
      async commands => {
        const home = join(folder, `${runs++}`)
        mkdirSync(home)
        const stage = openStage(join(home, 'bridge.db'))
        try {
          await fc.asyncModelRun(() => ({ model: stage.model, real: stage }), commands)
          drain(stage)
        } finally {
          stage.store.close()
        }
      },
    )
    await fc.assert(property, { numRuns: RUNS })
    t.ok(runs >= RUNS)
    const names = ['record', 'claim', 'intent', 'finish', 'crash', 'pass', 'expire', 'granted', 'minute_cap', 'day_cap']
    for (const name of names) t.ok((seen.get(name) ?? 0) > 20, `${name}: ${seen.get(name) ?? 0}`)
    for (const state of [
      'succeeded',
      'dead',
      'held',
      'in_doubt',
      'superseded',
      'queued',
      'poison',
      'retry',
      'discard',
      'applied',
      'not_applied',
      'refused',
    ])
      t.ok((seen.get(state) ?? 0) > 0, `${state}: ${seen.get(state) ?? 0}`)
  },
)
