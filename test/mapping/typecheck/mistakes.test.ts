import t from 'tap'
import { linesOf } from '../../fixtures/mapping-mistakes.ts'
import { ACTIONS } from './mistakes/actions.ts'
import { EXPRESSIONS } from './mistakes/expressions.ts'
import { OPERATIONS } from './mistakes/operations.ts'
import { RESULTS } from './mistakes/results.ts'
import { SCHEMAS } from './mistakes/schemas.ts'
import { SIDECARS } from './mistakes/sidecars.ts'
import { VALUES } from './mistakes/values.ts'

const GROUPS = {
  'values that do not fit': VALUES,
  'results of steps': RESULTS,
  expressions: EXPRESSIONS,
  'parameters of actions': ACTIONS,
  operations: OPERATIONS,
  sidecars: SIDECARS,
  'schemas of one’s own': SCHEMAS,
}

for (const [group, mistakes] of Object.entries(GROUPS)) {
  t.test(`each mistake is told with its place, what was expected and found: ${group}`, async t => {
    for (const [name, files, lines] of mistakes) t.strictSame(await linesOf(t, files), lines, name)
    t.equal(new Set(mistakes.map(([name]) => name)).size, mistakes.length, 'each is there once')
  })
}

t.test('at least 60 mistakes are in the tables, each with one message or more', async t => {
  const all = Object.values(GROUPS).flat()
  t.ok(all.length >= 60, String(all.length))
  t.strictSame(
    all.filter(([, , lines]) => lines.length === 0),
    [],
  )
})
