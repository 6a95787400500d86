import t from 'tap'
import { compileOperation } from '../../src/mapping/compile-operation.ts'
import { formatProblem } from '../../src/mapping/problem.ts'

function compile(document: string, sidecar?: unknown, name = 'op') {
  const text = sidecar === undefined ? null : { file: 'op.json', text: JSON.stringify(sidecar) }
  return compileOperation({ name, file: 'op.graphql', document, sidecar: text, isShipped: false })
}

function lines(document: string, sidecar?: unknown): string[] {
  return compile(document, sidecar).problems.map(formatProblem)
}

const QUERY = 'query op($id: String!) { entry(entryId: $id) { id } }'
const MUTATION = 'mutation op($id: String!) { deleteEntry(entryId: $id) { success } }'

t.test('a file holds one operation named like it, with at most one mutation field', async t => {
  t.strictSame(lines('query op {'), ['op.graphql: /: Syntax Error: Expected Name, found <EOF>. (line 1, column 11)'])
  t.strictSame(lines('query op { a } query two { b }'), [
    'op.graphql: /: expected exactly one operation, found 2 (line 1, column 16)',
  ])
  t.strictSame(lines('fragment F on Entry { id }'), [
    'op.graphql: /: expected exactly one operation, found 0 (line 1, column 1)',
  ])
  t.strictSame(lines('{ a }'), ['op.graphql: /: expected the operation "op", found no name (line 1, column 1)'])
  t.strictSame(lines('query Op { a }'), ['op.graphql: /: expected the operation "op", found "Op" (line 1, column 7)'])
  t.strictSame(lines('subscription op { a }'), [
    'op.graphql: /: expected a query or a mutation, found a subscription (line 1, column 1)',
  ])
  t.strictSame(lines('mutation op { a b }'), [
    'op.graphql: /: expected exactly one mutation field, found a, b (line 1, column 1)',
  ])
  t.strictSame(lines('mutation op { ...F ...F } fragment F on Mutation { a }'), [
    'op.graphql: /: expected exactly one mutation field, found a, a (line 1, column 1)',
  ])
  t.strictSame(lines('mutation op { ...F }'), [
    'op.graphql: /: expected a fragment of this file, found none (line 1, column 1)',
  ])
  t.strictSame(lines('query op { a } type X { a: Int }'), [
    'op.graphql: /: expected an operation, found ObjectTypeDefinition (line 1, column 16)',
  ])
  t.match(lines(`query op { ${'a '.repeat(20_001)} }`), [/more that 20000 tokens|more than 20000 tokens/])
  const inFragment = compile('mutation op { ...F } fragment F on Mutation { ... on Mutation { a { success } } }')
  t.equal(inFragment.operation?.mutationField, 'a')
  const circular = compile('mutation op { a ...F } fragment F on Mutation { ...F }')
  t.equal(circular.operation?.mutationField, 'a')
})

t.test('without a sidecar a query is read and a mutation once', async t => {
  t.match(compile(QUERY).operation, { kind: 'query', effect: 'read', mutationField: null, success: null, verify: null })
  t.match(compile(MUTATION).operation, { kind: 'mutation', effect: 'once', mutationField: 'deleteEntry' })
  t.not(compile(MUTATION).operation?.hash, compile(MUTATION, { effect: 'set' }).operation?.hash)
})

t.test('a sidecar is compiled over data, variables and result', async t => {
  const { operation, problems } = compile(MUTATION, {
    success: 'data.deleteEntry.success',
    effect: 'verify',
    verify: {
      operation: 'entries',
      variables: { search: '${variables.id}' },
      applied: 'size(result.entries.results) == 0',
      different: 'false',
      adopt: "{'deleteEntry': {'success': true}}",
    },
    comment: 'why',
  })
  t.strictSame(problems, [])
  t.strictSame(operation?.success?.evaluate({ data: { deleteEntry: { success: true } } }), { ok: true, value: true })
  const { verify } = operation!
  t.strictSame(verify?.variables.evaluate({ variables: { id: 'x' } }), { ok: true, value: { search: 'x' } })
  t.strictSame(verify?.applied.evaluate({ variables: {}, result: { entries: { results: [] } } }), {
    ok: true,
    value: true,
  })
  t.strictSame(verify?.adopt?.evaluate({}), { ok: true, value: { deleteEntry: { success: true } } })
})

t.test('what is wrong with an operation has a place', async t => {
  t.strictSame(lines('query other { projects { id } }'), [
    'op.graphql: /: expected the operation "op", found "other" (line 1, column 7)',
  ])
  t.match(lines('query op { a }\nquery b { a }'), [/expected exactly one operation, found 2 \(line 2, column 1\)/])
})

t.test('mistakes in a sidecar are found when it is loaded', async t => {
  t.strictSame(lines(MUTATION, { succes: 'true' }), [
    'op.json: /succes: expected one of success, effect, verify, comment, found "succes" (line 1, column 2; did you mean "success"?)',
  ])
  t.strictSame(lines(MUTATION, { success: 'payload.x' }), [
    'op.json: /success: expected one of data, found "payload" (line 1, column 13)',
  ])
  t.strictSame(lines(MUTATION, { effect: 'verfy' }), [
    'op.json: /effect: expected "read" or "set" or "verify" or "keyed" or "once", found "verfy" (line 1, column 11; did you mean "verify"?)',
  ])
  t.strictSame(lines(MUTATION, { effect: 'verify' }), [
    'op.json: /effect: expected both or neither, found one of them (line 1, column 11)',
  ])
  t.strictSame(lines(MUTATION, { effect: 'read' }), [
    'op.json: /effect: expected set, verify, keyed or once, found "read" (line 1, column 11)',
  ])
  t.strictSame(lines(QUERY, { effect: 'set' }), ['op.json: /effect: expected "read", found "set" (line 1, column 11)'])
  t.strictSame(lines(MUTATION, { effect: 'keyed' }), [
    'op.json: /effect: expected a variable $idempotencyKey, found none (line 1, column 11)',
  ])
})
