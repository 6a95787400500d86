import fc from 'fast-check'
import t from 'tap'
import { type Clause, explainCondition } from '../../src/mapping/explain-condition.ts'
import { explainMatch } from '../../src/mapping/explain-match.ts'
import { compileExpression } from '../../src/mapping/expression/compile-expression.ts'
import { eventScope, loadOne } from '../fixtures/mapping-folder.ts'

const payload = {
  run: { conclusion: 'failure', branch: 'main' },
  n: 1,
  list: [1, 2],
  tags: [{ name: 'a' }],
  text: 'evil\u001b[31m\u009b\u202e',
  off: false,
}

/** `+ source (a: 1)`, groups as lists with their kind first. */
function show(clause: Clause): unknown {
  const mark = { true: '+', false: '-', error: '!' }[clause.verdict]
  if (clause.kind !== 'clause') return [`${mark} ${clause.kind}`, ...clause.parts.map(show)]
  const values = clause.values.map(({ source, found }) => `${source}: ${found}`).join(', ')
  return `${mark} ${clause.source}${values === '' ? '' : ` (${values})`}`
}
const explain = (source: string) => show(explainCondition(source, eventScope(payload)))

t.test('a condition is taken apart at && and ||, each clause with the values of what it names', async t => {
  t.strictSame(explain("payload.run.conclusion == 'success' && payload.run.branch == 'main'"), [
    '- all',
    `- payload.run.conclusion == 'success' (payload.run.conclusion: "failure")`,
    `+ payload.run.branch == 'main' (payload.run.branch: "main")`,
  ])
  t.strictSame(explain('(payload.n > 1 || payload.n in [1]) && !(payload.n + 1 > 2) && size(payload.list) >= 2'), [
    '+ all',
    ['+ any', '- payload.n > 1 (payload.n: 1)', '+ payload.n in [1] (payload.n: 1)'],
    '+ !(payload.n + 1 > 2) (payload.n + 1: 2)',
    '+ size(payload.list) >= 2 (size(payload.list): 2)',
  ])
  t.strictSame(
    explain('payload.tags.exists(e, e.name == payload.run.branch)'),
    '- payload.tags.exists(e, e.name == payload.run.branch) (payload.tags: [{"name":"a"}], payload.run.branch: "main")',
  )
  t.strictSame(explain('payload.off'), '- payload.off (payload.off: false)')
  t.strictSame(
    explain("headers['x-github-event'] == 'push'"),
    `+ headers['x-github-event'] == 'push' (headers['x-github-event']: "push")`,
  )
  t.strictSame(explain('(payload.n + 1) * 2 > 3'), '+ (payload.n + 1) * 2 > 3 ((payload.n + 1) * 2: 4)')
})

t.test('brackets in texts do not mislead', async t => {
  t.strictSame(explain(`payload.text == "(" && (payload.n == 1) // )`), [
    '- all',
    `- payload.text == "(" (payload.text: "evil\\u001b[31m\\u009b\\u202e")`,
    '+ payload.n == 1 (payload.n: 1)',
  ])
  t.strictSame(explain(`payload.text.matches(r'\\(') || !(payload.n == 1)`), [
    '- any',
    `- payload.text.matches(r'\\(') (payload.text: "evil\\u001b[31m\\u009b\\u202e")`,
    '- !(payload.n == 1) (payload.n: 1)',
  ])
})

t.test('what is missing, or no bool, is told', async t => {
  const missing = explainCondition('payload.nothing.at > 1', eventScope(payload))
  t.match(missing, {
    verdict: 'error',
    message: 'payload has no key "nothing"',
    values: [{ source: 'payload.nothing.at', found: 'nothing' }],
  })
  t.match(explainCondition('payload.n', eventScope(payload)), {
    verdict: 'error',
    message: 'gives 1, not true or false',
  })
  t.match(explain('payload.nothing == 1 && payload.off'), ['- all', /^!/, /^-/], 'false decides over an error')
  t.match(explain('payload.nothing == 1 || payload.off'), ['! any', /^!/, /^-/])
})

t.test('the verdict is that of the whole expression, whatever it is made of', async t => {
  const leaf = fc.constantFrom(
    'payload.a',
    '!payload.b',
    'payload.c == 1',
    'payload.x.y',
    '(payload.c + 1) * 2 > 3',
    'payload.d',
  )
  const { tree } = fc.letrec<{ tree: string }>(tie => ({
    tree: fc.oneof(
      { maxDepth: 4 },
      leaf,
      fc.tuple(tie('tree'), fc.constantFrom('&&', '||'), tie('tree')).map(([l, op, r]) => `(${l}) ${op} (${r})`),
      tie('tree').map(inner => `!(${inner})`),
    ),
  }))
  const value = fc.record(
    { a: fc.boolean(), b: fc.boolean(), c: fc.integer({ min: 0, max: 2 }), d: fc.constant(7) },
    { requiredKeys: [] },
  )
  let checked = 0
  fc.assert(
    fc.property(tree, value, (source, given) => {
      const compiled = compileExpression(source)
      if (!compiled.ok) return
      checked++
      const scope = eventScope(given)
      const result = compiled.expression.evaluate(scope)
      const verdict = result.ok && typeof result.value === 'boolean' ? String(result.value) : 'error'
      return explainCondition(source, scope).verdict === verdict
    }),
    { numRuns: 300 },
  )
  t.ok(checked > 200, `${checked} expressions`)
})

t.test('patterns and source are explained beside it, also where the first part decides', async t => {
  const steps = [{ id: 'a', operation: 'page', variables: { pageId: 'p' } }]
  const mapping = await loadOne(t, { on: ['pull.*', 'push'], when: 'payload.off', steps })
  t.match(explainMatch(mapping, eventScope(payload, { type: 'release' })), {
    match: { matched: false, reason: 'type' },
    source: { holds: true },
    on: { holds: false, patterns: ['pull.*', 'push'], by: null, found: 'release' },
    when: { kind: 'clause', verdict: 'false' },
  })
  t.match(explainMatch(mapping, eventScope(payload, { type: 'pull.x' })).on, { holds: true, by: 'pull.*' })
  t.match(explainMatch(mapping, eventScope(payload, { source: 'stripe' })), {
    match: { reason: 'source' },
    source: { holds: false, expected: 'github', found: 'stripe' },
  })
})

t.test('what is stored of a match quotes no value of the payload, however it failed', async t => {
  const steps = [{ id: 'a', operation: 'page', variables: { pageId: 'p' } }]
  const canary = 'canary-4711'
  for (const when of [
    "payload.s == 'x' && payload.s != ''",
    'payload.s',
    'payload.s > 1',
    'int(payload.s) > 1',
    'timestamp(payload.s) > timestamp(payload.s)',
    'payload[payload.s] == 1',
    'parseJson(payload.s) == 1',
    'bool(payload.s)',
    'duration(payload.s) == duration(payload.s)',
  ]) {
    const mapping = await loadOne(t, { when, steps })
    const explained = explainMatch(mapping, eventScope({ s: canary }))
    t.notOk(explained.match.matched, when)
    t.notMatch(JSON.stringify(explained.match), canary, when)
  }
})
