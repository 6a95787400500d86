import fc from 'fast-check'
import t from 'tap'
import { compileExpression, type Expression } from '../../../src/mapping/expression/compile-expression.ts'
import { markLossyNumbers } from '../../../src/mapping/expression/lossy-number.ts'
import type { Scope } from '../../../src/mapping/expression/scope.ts'

const payload = {
  n: 5,
  half: 0.5,
  text: 'x',
  list: [1, 2, 3],
  names: ['a', 'b'],
  map: { a: 1 },
  empty: null,
  yes: true,
}
const scope: Scope = { payload, headers: { 'x-github-event': 'push' }, query: {}, steps: {}, vars: {}, constants: {} }

function compile(source: string, variables?: readonly string[]): Expression {
  const compiled = compileExpression(source, variables === undefined ? {} : { variables })
  if (!compiled.ok) throw new Error(`${source}: ${compiled.problem.message}`)
  return compiled.expression
}

function run(source: string, over: Scope = {}): unknown {
  const result = compile(source).evaluate({ ...scope, ...over })
  return result.ok ? result.value : `${result.reason}: ${result.message}`
}

function problem(source: string): string {
  const compiled = compileExpression(source)
  if (compiled.ok) return 'no problem'
  const { line, column, message, suggestion } = compiled.problem
  return `${line}:${column} ${message}${suggestion === null ? '' : ` (${suggestion})`}`
}

t.test('JSON numbers and CEL integers mix in arithmetic and comparison', async t => {
  const cases: [string, unknown][] = [
    ['payload.n + 1', 6],
    ['1 + payload.n', 6],
    ['payload.n - 1', 4],
    ['payload.n * 2', 10],
    ['payload.n / 2', 2.5],
    ['payload.n / 100.0', 0.05],
    ['payload.n % 2', 1],
    ['payload.n % payload.n', 0],
    ['payload.n + payload.half', 5.5],
    ['2 - payload.half', 1.5],
    ['-payload.n', -5],
    ['payload.n > 4', true],
    ['payload.n >= 5 && 5 <= payload.n', true],
    ['payload.n == 5', true],
    ['5 == payload.n', true],
    ['payload.n != 5', false],
    ['1 == 1.0', true],
    ['payload.n in [1, 5]', true],
    ['size(payload.list) + payload.n', 8],
    ['size(payload.list) == 3.0', true],
    ['size(payload.list) * 1.5', 4.5],
    ['int(payload.n) / 2', 2],
    ['payload.list[payload.n - 4]', 2],
    ['payload.list.map(i, i + 1)', [2, 3, 4]],
    ['payload.list == [1, 2, 3]', true],
    ['payload.map == {"a": 1}', true],
  ]
  for (const [source, expected] of cases) t.strictSame(run(source), expected, source)
})

t.test('whole numbers beyond 2^53-1 and infinities never leave an expression', async t => {
  t.equal(run('9007199254740991'), 9007199254740991)
  t.match(run('9007199254740993'), /^precision_loss/)
  t.match(run('[{"a": 9007199254740993}]'), /^precision_loss/)
  t.match(run('1.0 / 0.0'), /^invalid_value: the result is not a finite number/)
  t.match(run('1 / 0'), /^invalid_value: division by zero/)
})

t.test('only plain JSON leaves an expression', async t => {
  t.equal(run('timestamp("2024-01-01T00:00:00Z")'), '2024-01-01T00:00:00.000Z')
  t.equal(run('duration("90s")'), '90s')
  t.equal(run('5u'), 5)
  t.match(run('b"abc"'), /^mapping_type: bytes/)
  t.match(run('type(1)'), /^mapping_type: a type/)
  t.strictSame(run('{"a": [1, {"b": 2u}], "c": payload.map}'), { a: [1, { b: 2 }], c: { a: 1 } })
  t.equal(run('payload.map'), payload.map, 'plain parts are not copied')
})

t.test('prototypes are out of reach and keys named after them are data (T091)', async t => {
  t.equal(run('payload.__proto__'), 'missing_key: payload has no key "__proto__"')
  t.equal(run('payload["__proto__"]'), 'missing_key: payload has no key "__proto__"')
  t.equal(run('payload.constructor'), 'missing_key: payload has no key "constructor"')
  t.equal(run('payload.list.constructor'), 'missing_key: payload.list has no key "constructor"')
  t.match(run('payload.text.length'), /^missing_key/)
  t.equal(run('has(payload.toString)'), false)
  t.equal(run('"toString" in payload'), false)
  t.equal(run('lookup(payload, "valueOf", 1)'), 1)
  t.match(problem('constructor.constructor("return process")()'), /unexpected|Unexpected/)
  t.match(problem('constructor.constructor("return process")'), /^1:1 unknown name "constructor"/)
  t.match(problem('$eval("1")'), /unexpected "\$"/)
  t.match(problem('process.env'), /^1:1 unknown name "process"/)

  const hostile: unknown = JSON.parse(
    '{"__proto__": {"polluted": 1}, "constructor": {"prototype": 2}, "a": [{"constructor": null, "b": 3}]}',
  )
  t.strictSame(run('payload["__proto__"].polluted', { payload: hostile }), 1)
  t.strictSame(run('payload.constructor.prototype', { payload: hostile }), 2)
  t.strictSame(run('payload.a[0].b', { payload: hostile }), 3)
  t.strictSame(run('payload.a.map(x, x.b)', { payload: hostile }), [3])
  t.equal(JSON.stringify(run('payload', { payload: hostile })), JSON.stringify(hostile))
  t.equal(JSON.stringify(run('{"__proto__": 1, "constructor": 2}')), '{"__proto__":1,"constructor":2}')
  t.equal(({} as { polluted?: unknown }).polluted, undefined)
})

t.test('secrets and the environment are not in scope (T097)', async t => {
  for (const name of ['secrets', 'env', 'process', 'global', 'globalThis', 'this', 'require', 'Buffer']) {
    t.match(problem(`${name}.x`), /unknown name/, name)
  }
})

t.test('reading a number that lost precision fails, walking past it does not', async t => {
  const lossy = markLossyNumbers({ id: 9007199254740992, ids: [1, 2], deep: { a: [{ n: 1, m: 2 }] } }, [
    '/id',
    '/ids/1',
    '/deep/a/0/n',
  ])
  const at = (source: string) => run(source, { payload: lossy })
  t.equal(at('payload.ids[0]'), 1)
  t.equal(at('payload.deep.a[0].m'), 2)
  t.equal(at('has(payload.id)'), true)
  t.equal(at('1 in payload.ids'), true)
  const failing = [
    'payload.id',
    'payload.id == 5',
    'payload.ids',
    'payload',
    'payload.ids[1]',
    '7 in payload.ids',
    'payload.ids.map(i, i)',
    'payload.ids == [1, 2]',
    'json(payload.deep)',
    'bytes("{\\"id\\": 9007199254740993}").json().id',
    'payload.ids.join(",")',
    'string(payload.id)',
    'wouldChange(payload.deep, {})',
    'default(payload.id, 1)',
    '{"a": payload.deep}',
    'payload.deep.a[0].n + 1',
  ]
  for (const source of failing) t.match(at(source), /^precision_loss/, source)
  t.equal(markLossyNumbers(payload, null), payload, 'a payload without lossy numbers is not copied')
  t.match(run('payload', { payload: markLossyNumbers({ a: 1 }, ['']) }), /^precision_loss/)
})

t.test('a missing header, key, index or step is named in the reason', async t => {
  t.equal(run(`headers['x-gitlab-event']`), 'missing_key: no such header: "x-gitlab-event"')
  t.equal(run('payload.map.b'), 'missing_key: payload.map has no key "b"')
  t.match(run('payload.list[7]'), /^missing_key: index out of bounds, index 7 >= size 3 \(in "payload\.list\[7\]"\)/)
  t.equal(run('steps.found.id'), 'missing_key: no such step result: "found" (the step was skipped or has not run)')
  t.match(run('item'), /^missing_key: item has no value here/)
})

t.test('has() and default() answer for headers, members and null', async t => {
  t.equal(run(`has(headers['x-github-event'])`), true)
  t.equal(run(`has(headers['x-other'])`), false)
  t.equal(run('has(payload.map.b)'), false)
  t.equal(run(`default(headers['x-other'], 'none')`), 'none')
  t.equal(run('default(payload.a.b.c, 7)'), 7)
  t.equal(run('default(payload.empty, "fallback")'), 'fallback')
  t.equal(run('default(payload.list[9], 0)'), 0)
  t.equal(run('default(payload.n, 0)'), 5)
  t.match(run('default(payload.n.startsWith("a"), 0)'), /^mapping_type/, 'a wrong type is not forgiven')
  t.match(problem('has(payload)'), /has\(\) needs a member/)
})

t.test('a value of another kind is a type error with the piece of source, not a crash (T090)', async t => {
  const hostile = { text: { $ne: 1 }, n: '5', list: 'abc' }
  t.match(
    run('lower(payload.text)', { payload: hostile }),
    /^mapping_type: no such function for these kinds of values: lower\(map/,
  )
  t.match(run('payload.n + 1', { payload: hostile }), /^mapping_type: no such operation: string \+ int/)
  t.match(run('payload.n > 1', { payload: hostile }), /^mapping_type/)
  t.match(run('payload.list.map(x, x)', { payload: hostile }), /^mapping_type/)
  t.match(run('payload.yes && payload.n'), /^mapping_type/)
})

t.test('syntax and type errors have line, column and a suggestion', async t => {
  t.equal(problem('payload.'), '1:9 expected a name, found the end of the expression')
  t.equal(problem('1 +'), '1:4 expected a value, found the end of the expression')
  t.equal(problem('payload.a = 1'), '1:11 unexpected "=" (compare with "==")')
  t.equal(problem('payload.a &&\n  paylod.b'), '2:3 unknown name "paylod" (payload)')
  t.equal(problem('sluggify(payload.a)'), '1:1 unknown function "sluggify" (slugify)')
  t.equal(problem('payload.a.sluggify()'), '1:1 unknown function "sluggify" (slugify)')
  t.equal(problem('"a" + 1'), '1:1 no such operation: string + int (make the other side text with string(...))')
  t.equal(problem('slugify(1)'), '1:1 no version of slugify takes these arguments: slugify(int)')
  t.match(problem('true ? 1 : "a"'), /wrap one branch in dyn/)
  t.match(problem('"abc'), /^1:1 Unterminated string/)
  t.equal(problem('"a".matches("(a")'), '1:1 not a regular expression in RE2 syntax (no backreferences, no lookaround)')
  t.equal(problem(`"a".matches("${'a'.repeat(1001)}")`), '1:1 the regular expression is longer than 1000 characters')
  t.match(problem('formatDate(payload.t, "qq")'), /unknown token "qq"/)
  t.equal(problem('date(payload.t, "Europe/Nowhere")'), '1:1 unknown time zone "Europe/Nowhere"')
  t.match(problem('x'.repeat(4097)), /^1:4097 the expression is longer than 4096 characters/)
  t.match(problem(`${'('.repeat(60)}1${')'.repeat(60)}`), /maxDepth/)
  t.match(problem(Array.from({ length: 1100 }, () => '1').join('+')), /maxAstNodes/)
  t.match(problem(''), /^1:1 expected a value/)
})

t.test('names and references are known without evaluating', async t => {
  const expression = compile('payload.items.exists(item, item.id == steps.found.id) && vars["slug"] == constants.a')
  t.strictSame([...expression.roots].sort(), ['constants', 'payload', 'steps', 'vars'])
  t.strictSame(
    expression.references.map(({ root, member }) => `${root}.${member}`),
    ['payload.items', 'steps.found', 'vars.slug', 'constants.a'],
  )
  t.equal(expression.type, 'bool')
  t.equal(compile('size(payload.a)').type, 'int')
  t.equal(compile('payload.a').type, 'dyn')
  t.equal(compile('data.x.success', ['data']).type, 'dyn')
  t.match(compileExpression('payload.a', { variables: ['data'] }), { ok: false, problem: { found: '"payload"' } })
})

t.test('the regular expression bomb ends at once (T092)', async t => {
  const bomb = { text: `${'a'.repeat(50_000)}!` }
  t.equal(run(`payload.text.matches('^(a+)+$')`, { payload: bomb }), false)
  t.equal(run(`matches(payload.text, '(a|a)*b')`, { payload: bomb }), false)
  t.match(run(`matches(payload.text, payload.text)`, { payload: bomb }), /^invalid_value/)
  t.match(run(`payload.text.matches('a')`, { payload: { text: 'b'.repeat(70_000) } }), /^too_large/)
  t.match(problem(`payload.text.matches('(a)\\\\1')`), /RE2 syntax/)
})

t.test('work, text and results are bounded (T093)', async t => {
  const list = Array.from({ length: 2_000 }, (_, i) => i)
  const over = { payload: { list, text: 'x'.repeat(600_000), word: `${'a'.repeat(5_000)}` } }
  t.match(run('payload.list.all(a, payload.list.all(b, a + b >= 0))', over), /^too_costly/)
  t.match(run('payload.text + payload.text', over), /^too_large/)
  t.match(run('payload.text.contains(payload.word)', over), /^too_large/)
  t.match(run('payload.list.map(x, payload.list)', over), /^too_large/, 'a result of 4 million values')
  t.match(
    run(
      'cel.bind(a, payload.list + payload.list, cel.bind(b, a+a, cel.bind(c, b+b, cel.bind(d, c+c, cel.bind(e, d+d, cel.bind(f, e+e, size(f+f)))))))',
      over,
    ),
    /^too_large/,
  )
  const shared = (depth: number): string =>
    depth === 0 ? '[payload.text]' : `[${shared(depth - 1)}].map(x, [x, x])[0]`
  t.match(
    run(`${shared(20)} == ${shared(20)}`, over),
    /^too_costly|^precision|^too_large/,
    'shared sublists are compared within the budget',
  )
  t.match(run('payload.list.map(x, payload.text)', over), /^too_large: the texts of the result/)
  t.match(run('payload.list.exists(x, size(payload.text) == x + 1000000)', over), /^too_costly/)
  t.match(run('duration(payload.d)', { payload: { d: '1'.repeat(100_000) } }), /^invalid_value: duration/)
  const map = Object.fromEntries(list.map(i => [`k${i}`, i]))
  t.match(
    run('payload.list.exists(x, payload.map.exists(k, payload.map[k] < 0))', { payload: { list, map } }),
    /^too_costly/,
  )
  t.match(run('payload.list.exists(x, payload.list.exists(y, y.id == 1))', over), /^too_costly/)
  t.equal(run('payload.list.exists(x, x == 1999) && payload.list.all(x, x >= 0)', over), true)
  t.match(run('replace(payload.text, "x", "xxxx")', over), /^too_large/)
})

t.test('a compiled expression never throws, whatever the payload', async t => {
  const sources = [
    'payload.a + 1 == payload.b',
    'payload.a.b.c',
    'payload.a.exists(x, x.id == payload.b)',
    'payload.a.map(x, string(x) + "!")',
    'size(payload.a) > payload.b',
    'slugify(payload.a) + lower(payload.b)',
    'formatDate(payload.a, payload.b, payload.c)',
    'dateTimeOffset(payload.a)',
    'parseJson(payload.a)',
    'json(payload)',
    'matches(payload.a, payload.b)',
    'markdown(payload.a) + stripHtml(payload.b) + escapeHtml(payload.c)',
    'join(payload.a, payload.b)',
    'truncate(payload.a, payload.b)',
    'base64Decode(payload.a)',
    'wouldChange(payload.a, payload.b)',
    'payload.a[payload.b]',
    'payload.a in payload.b || payload.b in payload.a',
    'timestamp(payload.a).getHours(payload.b)',
    'duration(payload.a)',
    'payload.a < payload.b ? payload.a / payload.b : payload.a % payload.b',
    'default(payload.a.b, payload.c)',
    'lookup(payload.a, payload.b, payload.c)',
    'has(payload.a.b)',
    'int(payload.a) + int(payload.b)',
    'uint(payload.a) == uint(payload.b)',
    'payload',
  ].map(source => compile(source))
  const keys = fc.constantFrom('a', 'b', 'c', 'id', '__proto__', 'constructor', 'prototype', 'toString')
  const value = fc.letrec(tie => ({
    any: fc.oneof({ maxDepth: 4 }, fc.jsonValue(), fc.string({ unit: 'binary' }), fc.double(), tie('list'), tie('map')),
    list: fc.array(tie('any'), { maxLength: 4 }),
    map: fc.dictionary(keys, tie('any'), { maxKeys: 4 }),
  }))
  const record = fc.record({ a: value.any, b: value.any, c: value.any })
  let evaluated = 0
  fc.assert(
    fc.property(record, payload => {
      const parsed: unknown = JSON.parse(JSON.stringify(payload))
      for (const expression of sources) {
        const result = expression.evaluate({ ...scope, payload: parsed })
        evaluated++
        if (result.ok && JSON.stringify(JSON.parse(JSON.stringify(result.value))) !== JSON.stringify(result.value)) {
          throw new Error(`${expression.source} gave something other than JSON`)
        }
      }
    }),
    { numRuns: 300 },
  )
  t.ok(evaluated >= 300 * sources.length)
})

t.test('any text is either compiled or a problem with a place', async t => {
  let problems = 0
  const piece = fc.constantFrom(
    'payload',
    '.',
    'a',
    '(',
    ')',
    '[',
    ']',
    '{',
    '}',
    '"',
    "'",
    '\\',
    '+',
    '?',
    ':',
    '1',
    ' ',
    '\n',
    'in',
    'has',
    'map',
    ',',
    '//',
    '==',
    '!',
    'é',
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), pieces => {
      const source = pieces.join('')
      const compiled = compileExpression(source)
      if (compiled.ok) return
      problems++
      const { line, column, start, end } = compiled.problem
      if (!(line >= 1 && column >= 1 && start >= 0 && end >= start && start <= source.length)) throw new Error(source)
    }),
    { numRuns: 2_000 },
  )
  t.ok(problems > 100)
})
