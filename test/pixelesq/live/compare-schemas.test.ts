import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { buildSchema, findBreakingChanges } from 'graphql'
import t from 'tap'
import { compareSchemas } from '../../../src/pixelesq/live/compare-schemas.ts'

const shipped = readFileSync(new URL('../../../src/pixelesq/schema.graphql', import.meta.url), 'utf8')

function compare(before: string, after: string): string[] {
  return compareSchemas(buildSchema(before), buildSchema(after)).map(
    ({ kind, coordinate, before, after, breaking }) =>
      `${breaking ? '!' : ' '} ${kind} ${coordinate} ${before} ${after}`,
  )
}

t.test('equal schemas differ in nothing, whatever their order and descriptions', async t => {
  t.strictSame(compare(shipped, shipped), [])
  t.strictSame(
    compare('type Query { "x" a: Int b(c: Int, d: Int): Int }', 'type Query { b(d: Int, c: Int): Int a: Int }'),
    [],
  )
})

t.test('root types may be called otherwise', async t => {
  const was = 'type Query { a: Int } type Mutation { b: Int }'
  const other = 'schema { query: Root mutation: Writes } type Root { a: Int! } type Writes { b: Int }'
  t.strictSame(compare(was, other), ['  changed Query.a Int Int!'])
})

t.test('every kind of change is named by its coordinate, breaking ones first', async t => {
  const rest =
    'enum E { A B } input I { a: Int b: String! } interface N { n: Int } union U = T | Query scalar S type T { t: Int }'
  const was = `type Query { a: Int b(x: Int, y: E): String! c: [T!] s: S } ${rest}`
  t.strictSame(compare(was, was.replace('a: Int', 'a: Int!')), ['  changed Query.a Int Int!'])
  t.strictSame(
    compare(was, was.replace('String!', 'String')),
    ['! changed Query.b String! String', '! changed I.b String! String'].filter(line => line.includes('Query')),
  )
  t.strictSame(compare(was, was.replace('c: [T!]', 'c: T d: Int')), [
    '! changed Query.c [T!] T',
    '  added Query.d null Int',
  ])
  t.strictSame(compare(was, was.replace('x: Int, ', '')), ['! removed Query.b(x:) Int null'])
  t.strictSame(compare(was, was.replace('x: Int', 'x: Int, z: Int')), ['  added Query.b(z:) null Int'])
  t.strictSame(compare(was, was.replace('x: Int', 'x: Int, z: Int!')), ['! added Query.b(z:) null Int!'])
  t.strictSame(compare(was, was.replace('x: Int', 'x: Int, z: Int! = 1')), ['  added Query.b(z:) null Int!'])
  t.strictSame(compare(was, was.replace('x: Int', 'x: Int!')), ['! changed Query.b(x:) Int Int!'])
  t.strictSame(compare(was, was.replace('b: String! }', 'b: String }')), ['  changed I.b String! String'])
  t.strictSame(compare(was, was.replace('b: String! }', 'b: String! c: Int! }')), ['! added I.c null Int!'])
  t.strictSame(compare(was, was.replace('A B', 'A C')), ['! removed E.B a value null', '  added E.C null a value'])
  t.strictSame(compare(was, was.replace('U = T | Query', 'U = T')), ['! removed U.Query a member null'])
  t.strictSame(compare(was, was.replace('scalar S', 'enum S { X }')), ['! changed S scalar enum'])
  t.strictSame(compare(was, `${was} type New { a: Int }`), ['  added New null type'])
  t.strictSame(compare(was, was.replace('interface N { n: Int }', '')), ['! removed N interface null'])
})

t.test('what graphql-js calls breaking is breaking here, for any two schemas', async t => {
  const type = fc.constantFrom('Int', 'Int!', 'String', 'String!', '[Int]', '[Int!]!', 'E', 'E!')
  const args = fc.dictionary(fc.constantFrom('x', 'y'), type, { maxKeys: 2 })
  const fields = fc.dictionary(fc.constantFrom('a', 'b', 'c'), fc.record({ type, args }), { minKeys: 1, maxKeys: 3 })
  const inputs = fc.dictionary(fc.constantFrom('p', 'q'), type, { minKeys: 1, maxKeys: 2 })
  const values = fc.subarray(['A', 'B', 'C'], { minLength: 1 })
  const sdl = fc.record({ fields, inputs, values }).map(({ fields, inputs, values }) => {
    const lines = Object.entries(fields).map(([name, field]) => {
      const list = Object.entries(field.args).map(([arg, type]) => `${arg}: ${type}`)
      return `${name}${list.length === 0 ? '' : `(${list.join(', ')})`}: ${field.type}`
    })
    const members = Object.entries(inputs).map(([name, type]) => `${name}: ${type}`)
    return `type Query { z: Int ${lines.join(' ')} } input I { ${members.join(' ')} } enum E { ${values.join(' ')} }`
  })
  let compared = 0
  fc.assert(
    fc.property(sdl, sdl, (before, after) => {
      const [old, now] = [buildSchema(before), buildSchema(after)]
      const theirs = findBreakingChanges(old, now).length
      const ours = compareSchemas(old, now).filter(change => change.breaking).length
      if (theirs !== ours) throw new Error(`${theirs} and ${ours}\n${before}\n${after}`)
      compared++
    }),
    { numRuns: 1_000 },
  )
  t.equal(compared, 1_000)
})
