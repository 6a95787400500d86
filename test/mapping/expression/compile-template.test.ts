import fc from 'fast-check'
import t from 'tap'
import { compileTemplate } from '../../../src/mapping/expression/compile-template.ts'

const scope = { payload: { n: 5, text: 'x', list: [1], map: { a: 1 }, empty: null, yes: true }, vars: {} }

function run(value: unknown): unknown {
  const compiled = compileTemplate(value, '')
  if (!compiled.ok)
    return compiled.problems.map(({ pointer, line, column, message }) => `${pointer} ${line}:${column} ${message}`)
  const result = compiled.template.evaluate(scope)
  return result.ok ? result.value : `${result.pointer} ${result.reason}: ${result.message}`
}

t.test('a string that is one expression keeps its type, anything around it makes a text', async t => {
  t.strictSame(
    run({
      number: '${payload.n}',
      bool: '${payload.yes}',
      nothing: '${payload.empty}',
      list: ['${payload.list}'],
      map: '${payload.map}',
      text: 'n=${payload.n}, ${payload.yes}, ${payload.empty}!',
      spaced: ' ${payload.n}',
      two: '${payload.n}${payload.text}',
      constant: { a: [1, null, true, 'b'] },
      '${payload.n}': 'keys are literal',
    }),
    {
      number: 5,
      bool: true,
      nothing: null,
      list: [[1]],
      map: { a: 1 },
      text: 'n=5, true, !',
      spaced: ' 5',
      two: '5x',
      constant: { a: [1, null, true, 'b'] },
      '${payload.n}': 'keys are literal',
    },
  )
})

t.test('the end of an expression is found as CEL reads it', async t => {
  t.equal(run('${ {"a": "}"}["a"] }'), '}')
  t.equal(run(`\${'}' + "}"}`), '}}')
  t.equal(run(`\${'\\'}'}!`), "'}!")
  t.equal(run('${"""a"}b"""}'), 'a"}b')
  t.equal(run('${1 // } a comment\n + 1}'), 2)
  t.equal(run('${ {"a": {"b": 1}}.a.b }x'), '1x')
  t.equal(run('a } b { c $ d $$ {e}'), 'a } b { c $ d $$ {e}')
  t.equal(run('$${payload.n}'), '$5')
  t.equal(run(''), '')
})

t.test('\\${ is a literal', async t => {
  t.equal(run('\\${payload.n}'), '${payload.n}')
  t.equal(run('a\\${b} ${payload.n} \\${c'), 'a${b} 5 ${c')
})

t.test('a list or map cannot be part of a text', async t => {
  t.equal(run({ a: 'x ${payload.map}' }), '/a mapping_type: "payload.map" gives a map, which cannot be part of a text')
  t.equal(run(['x ${payload.list}']), '/0 mapping_type: "payload.list" gives a list, which cannot be part of a text')
})

t.test('all problems are reported at once, each with pointer, line and column', async t => {
  t.strictSame(run({ a: '${payload.n', 'b/c': ['x\n${paylod.n} ${1 +}'], ok: '${payload.n}' }), [
    '/a 1:1 the "${" has no closing "}"',
    '/b~1c/0 2:3 unknown name "paylod"',
    '/b~1c/0 2:18 expected a value, found the end of the expression',
  ])
})

t.test('roots and types are known before any event', async t => {
  const compiled = compileTemplate({ a: '${payload.n}', b: '${vars.x}' }, '')
  t.ok(compiled.ok)
  if (compiled.ok) t.strictSame([...compiled.template.roots], ['payload', 'vars'])
  const type = (value: unknown) => {
    const made = compileTemplate(value, '')
    return made.ok ? made.template.type : 'problem'
  }
  t.equal(type('${size(payload.list)}'), 'int')
  t.equal(type('a${payload.n}'), 'string')
  t.equal(type({ a: 1 }), null)
})

t.test('what a payload holds is never evaluated (T089)', async t => {
  const hostile = ['"}){id} deletePage(id:"1"){ok} #', '${1 + 1}', '\\${x}', '"]}', "'; drop table job; --"]
  const compiled = compileTemplate({ a: '${payload}', b: 'x${payload}' }, '')
  for (const payload of hostile) {
    if (!compiled.ok) throw new Error('the template does not compile')
    t.strictSame(compiled.template.evaluate({ payload }), { ok: true, value: { a: payload, b: `x${payload}` } })
  }
})

t.test('keys named like prototypes are data', async t => {
  const value: unknown = JSON.parse('{"__proto__": {"a": "${payload.n}"}, "constructor": "x"}')
  t.equal(JSON.stringify(run(value)), '{"__proto__":{"a":5},"constructor":"x"}')
})

t.test('text without ${ comes back unchanged', async t => {
  let runs = 0
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), text => {
      runs++
      return text.includes('${') || run(text) === text
    }),
  )
  t.ok(runs > 0)
})

t.test('nesting is bounded', async t => {
  let value: unknown = '${payload.n}'
  for (let i = 0; i < 40; i++) value = [value]
  t.match(run(value), [/nested deeper than 32 levels/])
})
