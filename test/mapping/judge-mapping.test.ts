import fc from 'fast-check'
import t from 'tap'
import { judgeMapping } from '../../src/mapping/judge-mapping.ts'
import { computeVars, mapStep } from '../../src/mapping/map.ts'
import { eventScope, loadOne } from '../fixtures/mapping-folder.ts'

const LIMITS = { jobsPerEventMax: 100 }
const steps = [{ id: 'a', operation: 'page', variables: { pageId: '${string(payload.a)}' } }]

t.test('an event is taken with its jobs, or not taken with the reason', async t => {
  const mapping = await loadOne(t, { on: ['x'], when: 'payload.a == 1', order: '${payload.a}', steps })
  t.match(judgeMapping(mapping, eventScope({ a: 1 }, { type: 'x' }), LIMITS), {
    taken: true,
    plan: { ok: true, jobs: [{ orderKey: '1' }] },
  })
  t.match(judgeMapping(mapping, eventScope({ a: 2 }, { type: 'x' }), LIMITS), {
    taken: false,
    match: { reason: 'when_false' },
  })
  t.match(judgeMapping(mapping, eventScope({}, { type: 'x' }), LIMITS), {
    taken: false,
    match: { reason: 'when_error' },
  })
  t.match(judgeMapping(mapping, eventScope({ a: 1 }, { type: 'y' }), LIMITS), {
    taken: false,
    match: { reason: 'type' },
  })
})

t.test('a when that is ended is a failure, not a mismatch; one that is false for other reasons stays one', async t => {
  const mapping = await loadOne(t, { when: 'payload.a.all(x, x >= 0) && payload.b', steps })
  const a = Array.from({ length: 100 }, (_, i) => i)
  t.match(judgeMapping(mapping, eventScope({ a, b: true }), LIMITS, 50), {
    taken: true,
    plan: { ok: false, reason: 'mapping_cost', message: 'when: the expression needs more than 200000 steps' },
  })
  t.match(judgeMapping(mapping, eventScope({ a, b: true }), LIMITS, 200), { taken: true, plan: { ok: true } })
  t.match(
    judgeMapping(mapping, eventScope({ a, b: false }), LIMITS, 200),
    { taken: false, match: { reason: 'when_false' } },
    'that the part which was false could not be found in the budget changes nothing',
  )
})

t.test('the elements of forEach share the budget', async t => {
  const mapping = await loadOne(t, { forEach: 'payload.a', order: '${item} ${payload.a.all(x, x >= 0)}', steps })
  const a = Array.from({ length: 100 }, (_, i) => i)
  const found = judgeMapping(mapping, eventScope({ a }), LIMITS, 1_000)
  t.match(found, {
    taken: true,
    plan: {
      ok: false,
      reason: 'mapping_cost',
      message: /^element \d: order: the expressions of the mapping need more than 1000 steps together/,
    },
  })
  t.match(judgeMapping(mapping, eventScope({ a }), LIMITS), { taken: true, plan: { ok: true, jobs: { length: 100 } } })
})

t.test('a mapping that loads throws for no payload: it maps, or says why not', async t => {
  const mapping = await loadOne(t, {
    when: 'payload.a == payload.b || size(payload.a) > 0 || payload.c.exists(x, x.id == payload.b)',
    forEach: 'payload.c',
    order: '${item.id}',
    runAt: '${payload.at}',
    vars: { slug: '${slugify(payload.a)}', list: '${payload.c.map(x, x.id)}', day: '${date(payload.at)}' },
    steps: [
      { id: 'a', if: 'payload.a != null', operation: 'page', variables: { pageId: '${vars.slug}-${item.id}' } },
      { id: 'b', if: "has(steps.a) || vars.day == ''", hold: '${join(vars.list, ", ")} ${json(payload)}' },
    ],
  })
  const leaf = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.double(),
    fc.constantFrom(null, true, '2026-01-01', '10m', 1e9),
  )
  const item = fc.oneof(leaf, fc.record({ id: leaf }), fc.array(leaf, { maxLength: 3 }))
  const payload = fc.oneof(
    fc.record(
      { a: item, b: item, c: fc.oneof(fc.array(item, { maxLength: 5 }), item), at: leaf },
      { requiredKeys: [] },
    ),
    fc.jsonValue(),
  )
  const outcomes = new Set<string>()
  fc.assert(
    fc.property(payload, value => {
      const scope = eventScope(JSON.parse(JSON.stringify(value)))
      const judged = judgeMapping(mapping, scope, LIMITS)
      outcomes.add(judged.taken ? (judged.plan.ok ? 'planned' : judged.plan.reason) : judged.match.reason)
      for (const job of judged.taken && judged.plan.ok ? judged.plan.jobs : [{ item: 1 }]) {
        const jobScope = { ...scope, item: job.item }
        const vars = computeVars(mapping, jobScope)
        if (!vars.ok) outcomes.add(vars.reason)
        for (const step of [0, 1])
          outcomes.add(mapStep(mapping, step, { ...jobScope, vars: vars.ok ? vars.vars : {}, steps: {} }).kind)
      }
    }),
    { numRuns: 2_000 },
  )
  for (const outcome of ['planned', 'when_error', 'missing_key', 'mapping_type', 'invalid_value', 'failed'])
    t.ok(outcomes.has(outcome), outcome)
})
