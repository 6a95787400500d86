import t from 'tap'
import { compileIdentifier, findIdentifier } from '../../src/source/find-identifier.ts'

function find(expression: string | null, payload: unknown, charsMax = 10): string | null {
  const compiled = compileIdentifier(expression, '/eventType')
  if (!compiled.ok) throw new Error(compiled.problems.map(problem => problem.message).join('; '))
  return findIdentifier(compiled.template, { headers: { a: 'h' }, query: {}, payload }, charsMax)
}

t.test('text or a number that is short enough is an identifier', async t => {
  t.equal(find('${payload.id}', { id: 'abc' }), 'abc')
  t.equal(find('${payload.id}', { id: 12 }), '12')
  t.equal(find('${headers.a}.${payload.id}', { id: 'x' }), 'h.x')
  t.equal(find('${payload.id}', { id: 'x'.repeat(10) }), 'x'.repeat(10))
})

t.test('anything else is none, and nothing is thrown', async t => {
  for (const id of ['', 'x'.repeat(11), null, true, {}, []])
    t.equal(find('${payload.id}', { id }), null, JSON.stringify(id))
  t.equal(find('${payload.id}', {}), null)
  t.equal(find('${payload.id}', null), null)
  t.equal(find(null, { id: 'abc' }), null)
})

t.test('only headers, query and payload are in scope', async t => {
  for (const name of ['event', 'constants', 'vars', 'steps', 'process', 'env'])
    t.match(
      compileIdentifier(`\${${name}.x}`, '/eventType'),
      { ok: false, problems: [{ pointer: '/eventType' }] },
      name,
    )
})
