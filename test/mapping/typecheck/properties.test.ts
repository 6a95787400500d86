import fc from 'fast-check'
import {
  buildSchema,
  type GraphQLInputType,
  getVariableValues,
  type OperationDefinitionNode,
  parse,
  typeFromAST,
} from 'graphql'
import t from 'tap'
import { compileExpression } from '../../../src/mapping/expression/compile-expression.ts'
import { checkMappings } from '../../../src/mapping/load-mappings.ts'
import { readMappingFiles } from '../../../src/mapping/read-mapping-files.ts'
import { checkAssignable } from '../../../src/mapping/typecheck/check-assignable.ts'
import { NO_FACTS } from '../../../src/mapping/typecheck/facts.ts'
import { inferExpression } from '../../../src/mapping/typecheck/infer-expression.ts'
import { schemaTypes, typeOperation } from '../../../src/mapping/typecheck/type-operation.ts'
import {
  asJson,
  DYN,
  FRACTION,
  listOf,
  membersOf,
  typeOfJson,
  unite,
  type ValueType,
  WHOLE,
} from '../../../src/mapping/typecheck/value-type.ts'
import { arbitraryOf, arbitraryType, arbitraryTyped, isOf } from '../../fixtures/typed-value.ts'

const schema = buildSchema(`
  type Query { a(x: In): Int list: [Item!]! one: Item }
  type Item { id: ID! n: Int! f: Float! name: String note: String! ok: Boolean! colour: Colour! tags: [String!]! inner: Item }
  enum Colour { RED GREEN BLUE }
  input In { n: Int! s: String c: Colour tags: [String!] in: In }
`)

const TARGETS = [
  'Int',
  'Int!',
  'Float',
  'Float!',
  'String',
  'String!',
  'ID!',
  'Boolean!',
  'Colour',
  'Colour!',
  '[Int!]',
  '[Int]!',
  '[String!]!',
  '[[Int!]]',
  'In',
  'In!',
  '[In!]!',
]

interface Target {
  name: string
  type: GraphQLInputType
  isAccepted(value: unknown): boolean
}

const targets: readonly Target[] = TARGETS.map(name => {
  const [operation] = parse(`query op($v: ${name}) { a }`).definitions as [OperationDefinitionNode]
  const [variable] = operation.variableDefinitions!
  const type = typeFromAST(schema, variable!.type) as GraphQLInputType
  const isAccepted = (value: unknown) => !('errors' in answer(value))
  const answer = (value: unknown) => {
    const { errors, coerced } = getVariableValues(schema, operation.variableDefinitions!, { v: value })
    return errors === undefined ? { coerced } : { errors }
  }
  return { name, type, isAccepted }
})

const target = fc.constantFrom(...targets)

t.test('a value whose type is not reported is accepted by graphql-js', async t => {
  let fitting = 0
  fc.assert(
    fc.property(arbitraryTyped(arbitraryType), target, ({ type, value }, { name, type: wanted, isAccepted }) => {
      // What only the event tells passes: whether any number is whole, whether any text is one of an enum's values.
      if (checkAssignable(type, wanted, 'v').length > 0 || someType(type, isUnknownNumber)) return
      if (/Colour|In\b/.test(name) && someType(type, isUnknownText)) return
      fitting++
      if (!isAccepted(value)) throw new Error(`${name} refuses ${JSON.stringify(value)}`)
    }),
    { numRuns: 20_000 },
  )
  t.ok(fitting > 1_000, `${fitting} of 20,000 fit`)
})

t.test('a value whose type is an error is refused by graphql-js', async t => {
  let wrong = 0
  fc.assert(
    fc.property(arbitraryTyped(arbitraryType, true), target, ({ type, value }, { name, type: wanted, isAccepted }) => {
      // A fraction may be whole as it happens, and a list that is empty holds nothing wrong: both are errors all the same.
      const isError = checkAssignable(type, wanted, 'v').some(({ severity }) => severity === 'error')
      if (!isError || mayBeFraction(type) || hasOptional(type)) return
      wrong++
      if (isAccepted(value)) throw new Error(`${name} takes ${JSON.stringify(value)}`)
    }),
    { numRuns: 20_000 },
  )
  t.ok(wrong > 1_000, `${wrong} of 20,000 are wrong`)
})

function isUnknownNumber(type: ValueType): boolean {
  return type.kind === 'number' && type.whole === null
}

function isUnknownText(type: ValueType): boolean {
  return type.kind === 'string' && type.value === null
}

function mayBeFraction(type: ValueType): boolean {
  return someType(type, one => one.kind === 'number' && one.whole !== true)
}

function hasOptional(type: ValueType): boolean {
  return someType(type, one => one.kind === 'object' && [...one.fields.values()].some(({ optional }) => optional))
}

function someType(type: ValueType, test: (one: ValueType) => boolean): boolean {
  if (test(type)) return true
  switch (type.kind) {
    case 'union':
      return type.of.some(one => someType(one, test))
    case 'list':
      return someType(type.item, test)
    case 'object':
      return [...type.fields.values()].some(field => someType(field.type, test))
    default:
      return false
  }
}

t.test(
  'JSON that is written out is reported exactly when graphql-js refuses it, single values for lists aside',
  async t => {
    let runs = 0
    const json = fc.oneof(
      fc.jsonValue({ maxDepth: 2 }),
      fc.record(
        {
          n: fc.oneof(fc.integer(), fc.string(), fc.constant(null)),
          s: fc.string(),
          c: fc.constantFrom('RED', 'PINK'),
          tags: fc.array(fc.string()),
          odd: fc.constant(1),
        },
        { requiredKeys: [] },
      ),
    )
    fc.assert(
      fc.property(json, target, (value, { name, type, isAccepted }) => {
        const found = checkAssignable(typeOfJson(value), type, 'v').filter(({ severity }) => severity === 'error')
        runs++
        if ((found.length === 0) !== isAccepted(value))
          throw new Error(`${name}: ${JSON.stringify(value)} ${JSON.stringify(found)}`)
      }),
      { numRuns: 20_000 },
    )
    t.equal(runs, 20_000)
  },
)

const types = schemaTypes({ schema, isShipped: false })
const typed = typeOperation(
  {
    name: 'op',
    file: 'op.graphql',
    document: `query op { list { ...f } one { ...f inner { ...f } } }
      fragment f on Item { id n f name note ok colour tags }`,
  },
  types,
)

/** Expressions over `d`, the answer to an operation; whatever it is, what comes out is of the type inferred. */
const EXPRESSIONS = [
  'd',
  'd.list',
  'd.one',
  'd.one.name',
  'd.list[0].id',
  'd.list.map(i, i.n)',
  'd.list.map(i, i.ok, i.name)',
  'd.list.filter(i, i.ok)',
  'd.list.filter(i, i.name != null).map(i, i.name)',
  'd.list.exists(i, i.colour == "RED")',
  'd.list.all(i, i.n > 3)',
  'size(d.list)',
  'size(d.list) / 2',
  'd.list[0].n / 2',
  'd.list[0].n + 1',
  'd.list[0].n * d.list[0].f',
  'd.list[0].n - size(d.list)',
  'd.list[0].n % 3',
  '-d.list[0].n',
  'int(d.list[0].f)',
  'double(d.list[0].n)',
  'string(d.list[0].n)',
  'd.list[0].note + "x"',
  'd.list[0].colour + "x"',
  'd.list[0].tags + ["x"]',
  'd.list[0].tags + [1]',
  'd.list + []',
  '[] + [1, "a", null]',
  '[d.list[0].n, d.list[0].note]',
  '{"a": d.list[0].n, "b": [d.one]}',
  '{"a": d.list[0].n}.a',
  '{"a": d.list[0].n, "b": "x"}["a"]',
  '[1, "a"][1]',
  'd.list[0].ok ? d.list[0].n : d.list[0].n + 0.5',
  'd.list[0].ok ? dyn(1) : dyn("a")',
  'd.one == null ? "none" : d.one.note',
  'd.one != null && d.one.name != null ? d.one.name : "none"',
  'default(d.one.name, "none")',
  'default(d.one.inner.note, "none")',
  'default(d.one, d.list[0])',
  'default(d.list[5].n, 0)',
  'has(d.one.name)',
  'd.one == null || d.one.ok',
  'd.list[0].colour in ["RED", "GREEN"]',
  'd.list[0].n in [1, 2]',
  '"note" in d.list[0]',
  'd.list[0].n < 3',
  'd.list[0].note < "b"',
  'cel.bind(x, d.list[0], x.n + x.f)',
  'lookup(d.list[0], "name", "none")',
  'lookup({"a": 1}, d.list[0].note, "x")',
  'slugify(d.list[0].note)',
  'd.list[0].note.upper()',
  'd.list[0].note.split("a")',
  'join(d.list[0].tags, ",")',
  'd.list[0].tags.map(x, size(x))',
  'd.list[0].note.truncate(3)',
  'd.list[0].note.indexOf("a")',
  'd.list[0].note.startsWith("a")',
  'sha256(d.list[0].note)',
  'json(d.list[0])',
  'parseJson(json(d.list[0].n))',
  'wouldChange(d.list[0], {"n": 1})',
  "formatDate(d.list[0].n, \"yyyy-MM-dd'T'HH:mm:ss'Z'\")",
  'formatDate(d.list[0].n, "yyyy-MM-dd\'T\'HH:mm:ssXXX")',
  'date(d.list[0].n)',
  'date(d.list[0].n) + "T00:00:00Z"',
  'timestamp(size(d.list))',
  'timestamp(size(d.list)) - timestamp(0)',
  'duration("90s")',
  'uint(3)',
  'd.list[0].n == 3 ? d.list[0].n : 0',
  'd.list.map(i, i.n)[0]',
  'd.one.inner.inner.n',
]

t.test('what an expression gives is of the type that was inferred', async t => {
  const scope = new Map([['d', typed.data]])
  let evaluated = 0
  for (const source of EXPRESSIONS) {
    const compiled = compileExpression(source, { variables: ['d'] })
    if (!compiled.ok) throw new Error(`${source}: ${compiled.problem.message}`)
    const type = asJson(
      inferExpression(compiled.expression.tree, { scope, facts: NO_FACTS, skips: new Map(), report() {} }),
    )
    fc.assert(
      fc.property(arbitraryOf(typed.data), d => {
        const result = compiled.expression.evaluate({ d })
        if (!result.ok) return
        evaluated++
        if (!isOf(result.value, type)) throw new Error(`${source} gave ${JSON.stringify(result.value)}`)
      }),
      { numRuns: 60 },
    )
  }
  t.ok(evaluated > EXPRESSIONS.length * 20, `${evaluated} evaluations`)
})

t.test('a union holds what its members hold, and no type is lost', async t => {
  let runs = 0
  fc.assert(
    fc.property(arbitraryTyped(arbitraryType), arbitraryType, ({ type, value }, other) => {
      runs++
      if (!isOf(value, type)) throw new Error('the value is none of its type')
      for (const both of [unite([type, other]), unite([other, type]), unite([type, DYN])]) {
        if (!isOf(value, both)) throw new Error(JSON.stringify(both))
      }
    }),
    { numRuns: 5_000 },
  )
  t.equal(runs, 5_000)
  t.equal(membersOf(unite([WHOLE, FRACTION])).length, 2)
  t.equal(membersOf(unite([listOf(WHOLE), listOf(FRACTION)])).length, 1)
})

/** Pieces of expressions that are put together at random: many do not fit each other. */
const PIECES = [
  'payload.a',
  'steps.page.page',
  'steps.page.page.name',
  'vars.x',
  '1',
  '"a"',
  'null',
  'true',
  '[1, "a"]',
  '{"a": 1}',
  "b'x'",
  '1u',
  '2.5',
  'timestamp(0)',
  'event.receivedAt',
  "headers['a']",
]

const arbitrarySource = fc.letrec<{ source: string }>(tie => ({
  source: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom(...PIECES),
    fc
      .tuple(
        tie('source'),
        fc.constantFrom('+', '-', '*', '/', '%', '==', '!=', '<', '>=', '&&', '||', 'in'),
        tie('source'),
      )
      .map(([a, op, b]) => `(${a}) ${op} (${b})`),
    fc.tuple(tie('source'), tie('source'), tie('source')).map(([a, b, c]) => `(${a}) ? dyn(${b}) : dyn(${c})`),
    fc
      .tuple(
        fc.constantFrom('slugify', 'size', 'string', 'int', 'double', 'date', 'json', 'dyn', 'type'),
        tie('source'),
      )
      .map(([f, a]) => `${f}(dyn(${a}))`),
    fc
      .tuple(fc.constantFrom('map', 'filter', 'exists', 'all'), tie('source'), tie('source'))
      .map(([f, a, b]) => `dyn(${a}).${f}(i, ${f === 'map' ? b : `dyn(${b})`})`),
    fc.tuple(tie('source'), tie('source')).map(([a, b]) => `default(${a}, ${b})`),
    fc
      .tuple(tie('source'), fc.constantFrom('name', 'id', 'latestRevision', 'x'))
      .map(([a, name]) => `dyn(${a}).${name}`),
    tie('source').map(a => `!dyn(${a})`),
    tie('source').map(a => `cel.bind(b, ${a}, [b, {"b": b}])`),
  ),
})).source

t.test('any mapping is checked without a crash, and its problems have places', async t => {
  const files = await readMappingFiles(t.testdir({}))
  const context = { sources: new Set(['github']), integrations: new Set(['ci']), constants: {} }
  const flows = [
    { action: 'updateEntry', with: { entryId: '${vars.x}', content: '${vars.x}' } },
    {
      steps: [
        { id: 'page', operation: 'page', variables: { pageId: '${payload.id}' } },
        {
          id: 'b',
          if: 'dyn(vars.x)',
          operation: 'createEntry',
          variables: { collectionId: 'SOURCE', payload: 'SOURCE' },
        },
      ],
    },
  ]
  let problems = 0
  fc.assert(
    fc.property(arbitrarySource, fc.jsonValue({ maxDepth: 3 }), fc.constantFrom(...flows), (source, x, flow) => {
      const expression = JSON.stringify(`\${${source}}`).slice(1, -1)
      const text = JSON.stringify({ source: 'github', integration: 'ci', vars: { x }, ...flow }).replaceAll(
        'SOURCE',
        () => expression,
      )
      const mappings = [{ name: 'm', file: 'm.json', text }]
      for (const problem of checkMappings({ ...files, mappings }, context).problems) {
        problems++
        if (problem.line === null || problem.column === null) throw new Error(JSON.stringify(problem))
      }
    }),
    { numRuns: 2_000 },
  )
  t.ok(problems > 500, `${problems} problems`)
})

t.test('vars that double each other, and unions of everything, are checked in bounded time', async t => {
  const vars = Object.fromEntries(
    Array.from({ length: 60 }, (_, i) => [`v${i}`, i === 0 ? [1, 'a'] : [`\${vars.v${i - 1}}`, `\${vars.v${i - 1}}`]]),
  )
  const files = await readMappingFiles(
    t.testdir({
      'm.json': JSON.stringify({
        source: 'github',
        integration: 'ci',
        vars,
        action: 'updateEntry',
        with: { entryId: 'x', content: { a: '${vars.v59}' } },
      }),
    }),
  )
  const { problems } = checkMappings(files, {
    sources: new Set(['github']),
    integrations: new Set(['ci']),
    constants: {},
  })
  t.strictSame(problems, [])
})
