import { fail } from 'node:assert'
import fc from 'fast-check'
import t from 'tap'
import { compileExpression } from '../../../src/mapping/expression/compile-expression.ts'
import {
  createBudget,
  nameCost,
  runWithin,
  TOO_COSTLY,
  type WorkBudget,
} from '../../../src/mapping/expression/evaluation-budget.ts'
import { AST_LIMITS, EVALUATION_STEPS_MAX, JOB_STEPS_MAX } from '../../../src/mapping/expression/expression-limits.ts'

/** What hostile expressions over hostile payloads may cost: everything that takes time takes steps. */

const list = Array.from({ length: 2_000 }, (_, i) => i)
const text = 'x'.repeat(1_000_000)
const payload: Record<string, unknown> = JSON.parse(
  JSON.stringify({
    list,
    text,
    again: text,
    words: 'ab cd, '.repeat(140_000),
    html: '<b>&amp;</b>'.repeat(80_000),
    patterns: list.map(i => `(\\pL|\\pN|\\p{Greek}){1,30}${i}`),
    few: list.slice(0, 100),
    short: 'abc',
  }),
)

function run(source: string, budget?: WorkBudget): string {
  const compiled = compileExpression(source)
  if (!compiled.ok) return fail(compiled.problem.message)
  const evaluate = () => compiled.expression.evaluate({ payload })
  const result = budget === undefined ? evaluate() : runWithin(budget, evaluate)
  return result.ok ? JSON.stringify(result.value) : result.reason
}

/** Steps an expression takes, as far as the limit of one evaluation lets it. */
function stepsOf(source: string): number {
  const budget = createBudget(EVALUATION_STEPS_MAX)
  run(source, budget)
  return budget.overrun ? Number.POSITIVE_INFINITY : budget.stepsMax - budget.stepsLeft
}

t.test('no expression goes on for long, whatever it does in its loops', async t => {
  const twice = (inner: string): string => `payload.list.all(a, payload.list.all(b, ${inner}))`
  const wide = Array.from({ length: 200 }, () => 'b == -1').join(' || ')
  const costly: [string, string][] = [
    ['texts that are alike', twice('payload.text == payload.again')],
    ['texts that are alike, ordered', twice('payload.text <= payload.again')],
    ['a wide body', twice(`(${wide}) || true`)],
    ['a long sum', twice(`${Array.from({ length: 400 }, () => 'b').join('+')} >= 0.0`)],
    ['a literal list', twice(`size([${Array.from({ length: 200 }, (_, i) => i).join(',')}]) > 0`)],
    ['a time zone', twice('timestamp("2024-01-01T00:00:00Z").getHours("Europe/Paris") >= 0')],
    ['a fallback', twice('default(payload.nope, 1) == 1')],
    ['slugs of a long text', 'payload.list.all(a, slugify(payload.words) != "")'],
    ['HTML of a long text', 'payload.list.all(a, stripHtml(payload.html) != "")'],
    ['escapes of a long text', 'payload.list.all(a, escapeHtml(payload.html) != "")'],
    ['patterns of the payload', 'payload.patterns.exists(p, "a".matches(p))'],
    ['a long text many times over', 'payload.list.map(a, payload.text)'],
  ]
  for (const [name, source] of costly) t.match(run(source), /^too_costly|^too_large/, name)
})

t.test('a wider body, a longer text, a rarer time zone cost more steps', async t => {
  const loop = (inner: string): string => `payload.few.all(a, ${inner})`
  const wide = Array.from({ length: 200 }, () => 'a == -1').join(' || ')
  t.ok(stepsOf(loop(`(${wide}) || true`)) > 10 * stepsOf(loop('a == -1 || true')))
  t.ok(stepsOf(loop('payload.text == payload.again')) > 20 * stepsOf(loop('payload.short == payload.short')))
  t.ok(
    stepsOf(loop('timestamp("2024-01-01T00:00:00Z").getHours("Europe/Paris") >= 0')) >
      2 * stepsOf(loop('timestamp("2024-01-01T00:00:00Z").getHours() >= 0')),
  )
  t.ok(stepsOf(Array.from({ length: 150 }, () => 'payload.short == "x"').join(' || ')) > 10, 'also outside of loops')
  t.equal(stepsOf('payload.short'), 1, 'the smallest expression costs a step')
})

t.test('the evaluations of a budget share it, and it names what ended them', async t => {
  const budget = createBudget(1_000)
  t.equal(run('payload.few.all(a, a >= 0)', budget), 'true')
  t.equal(budget.overrun, false)
  let evaluated = 1
  while (run('payload.few.all(a, a >= 0)', budget) === 'true') evaluated++
  t.ok(evaluated > 2 && evaluated < 10, `${evaluated} evaluations`)
  t.match(budget, { overrun: true, stepsLeft: 0, stepsMax: 1_000 })
  t.equal(run('payload.short', budget), 'too_costly', 'nothing is evaluated any more')
  t.equal(run('payload.few.all(a, a >= 0)'), 'true', 'what runs outside is not concerned')
  t.strictSame(nameCost({ reason: 'too_costly', message: `vars.x: ${TOO_COSTLY}` }, budget), {
    reason: 'mapping_cost',
    message: 'vars.x: the expressions of the mapping need more than 1000 steps together',
  })

  const large = createBudget(10 * JOB_STEPS_MAX)
  t.equal(run('payload.list.all(a, payload.list.all(b, b >= 0))', large), 'too_costly')
  t.equal(large.overrun, true, 'an expression may be over its own limit')
  t.match(nameCost({ reason: 'too_costly', message: TOO_COSTLY }, large), {
    reason: 'mapping_cost',
    message: TOO_COSTLY,
  })
  t.strictSame(nameCost({ reason: 'missing_key', message: 'x' }, large), { reason: 'missing_key', message: 'x' })
})

t.test('a budget within a budget, and one whose work throws', async t => {
  const outer = createBudget(1_000)
  const inner = createBudget(1_000)
  runWithin(outer, () => {
    run('payload.short')
    runWithin(inner, () => run('payload.few.all(a, a >= 0)'))
    run('payload.short')
  })
  t.equal(outer.stepsMax - outer.stepsLeft, 2)
  t.ok(inner.stepsMax - inner.stepsLeft > 100)
  t.throws(() =>
    runWithin(outer, () => {
      run('payload.short')
      throw new Error('x')
    }),
  )
  run('payload.short')
  t.equal(outer.stepsMax - outer.stepsLeft, 3)
})

t.test(
  'whatever the payload, all evaluations of a budget take no more than it and what one step may overshoot',
  async t => {
    const sources = [
      'payload.a.map(x, payload.a.filter(y, y == x))',
      'payload.a.exists(x, string(x) in payload.a)',
      'json(payload.a)',
      'payload.a == payload.a',
      'join(payload.a, ",")',
      'slugify(json(payload.a))',
      'default(payload.b, payload.a)',
    ].map(source => {
      const compiled = compileExpression(source)
      return compiled.ok ? compiled.expression : fail(compiled.problem.message)
    })
    let runs = 0
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.string(), fc.integer(), fc.double()), { maxLength: 200 }),
        fc.integer({ min: 0, max: 5_000 }),
        (a, stepsMax) => {
          const budget = createBudget(stepsMax)
          const given = { payload: JSON.parse(JSON.stringify({ a })) }
          const results = runWithin(budget, () => sources.map(source => source.evaluate(given)))
          if (budget.stepsLeft < 0 || budget.stepsLeft > stepsMax) throw new Error(String(budget.stepsLeft))
          const ended = results.some(result => !result.ok && result.reason === 'too_costly')
          if (ended !== budget.overrun) throw new Error(`${ended} ${budget.overrun}`)
          runs++
        },
      ),
      { numRuns: 300 },
    )
    t.equal(runs, 300)
  },
)

t.test('what can be written is bounded too: length, nodes, nesting, elements, arguments', async t => {
  const problem = (source: string): string => {
    const compiled = compileExpression(source)
    return compiled.ok ? 'none' : compiled.problem.message
  }
  t.match(problem(`"${'x'.repeat(4_095)}"`), /longer than 4096 characters/)
  t.equal(problem(`"${'x'.repeat(4_094)}"`), 'none')
  t.match(
    problem(`[${Array.from({ length: AST_LIMITS.maxListElements + 1 }, () => '1').join(',')}]`),
    /maxListElements/,
  )
  t.match(
    problem(`{${Array.from({ length: AST_LIMITS.maxMapEntries + 1 }, (_, i) => `${i}:1`).join(',')}}`),
    /maxMapEntries/,
  )
  t.match(
    problem(`lookup(${Array.from({ length: AST_LIMITS.maxCallArguments + 1 }, () => '1').join(',')})`),
    /maxCallArguments/,
  )
  t.match(problem(`${'[1].map(x, '.repeat(50)}1${')'.repeat(50)}`), /maxDepth/)
})
