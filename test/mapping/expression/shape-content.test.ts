import fc from 'fast-check'
import t from 'tap'
import { resetBudget } from '../../../src/mapping/expression/evaluation-budget.ts'
import { LOSSY_NUMBER } from '../../../src/mapping/expression/lossy-number.ts'
import { shapeContent } from '../../../src/mapping/expression/shape-content.ts'
import { checkContent } from '../../../src/pixelesq/sandbox/content-rules.ts'
import { addCollection, addProject, createModel } from '../../../src/pixelesq/sandbox/model.ts'
import { seedModel } from '../../../src/pixelesq/sandbox/seed.ts'

const field = (name: string, type: string, rest: object = {}) => ({ name, type, label: name, list: false, ...rest })

const FIELDS = [
  field('title', 'text'),
  field('body', 'html'),
  field('price', 'number'),
  field('stock', 'checkbox'),
  field('legacy', 'boolean'),
  field('day', 'date'),
  field('at', 'date', { config: { time: true } }),
  field('cover', 'image'),
  field('file', 'media'),
  field('icon', 'icon'),
  field('topic', 'option', { options: 'sales, support, Other' }),
  field('free', 'option', { options: null }),
  field('parent', 'reference', { to: 'col_products' }),
  field('similar', 'related'),
  field('tags', 'text', { list: true }),
  field('scores', 'number', { list: true }),
  field('email', 'text', { required: true }),
  field('weight', 'number', { required: true }),
  field('future', 'hologram'),
  field('name', 'name'),
  field('slug', 'slug'),
]

function shape(content: unknown, fields: unknown = FIELDS): unknown {
  resetBudget()
  try {
    return shapeContent(fields, content)
  } catch (error) {
    return (error as { summary?: string }).summary ?? (error as Error).message
  }
}

const IMAGE = { src: 'https://x.example/a.png', alt: 'A' }

/** Field, value given, value sent. */
const TAKEN: readonly [string, unknown, unknown][] = [
  ['title', 'A', 'A'],
  ['title', '', ''],
  ['title', 12.5, '12.5'],
  ['title', true, 'true'],
  ['body', '<p>x</p>', '<p>x</p>'],
  ['price', 12.5, 12.5],
  ['price', '12.5', 12.5],
  ['price', ' -3 ', -3],
  ['price', '1e3', 1000],
  ['price', 9n, 9],
  ['price', '', null],
  ['price', null, null],
  ['stock', true, true],
  ['stock', 'true', true],
  ['stock', 'False', false],
  ['stock', 'on', true],
  ['stock', 0, false],
  ['legacy', 'no', false],
  ['day', '2026-03-10', '2026-03-10'],
  ['day', '2026-03-10T23:30:00Z', '2026-03-10'],
  ['day', '2026-03-10T23:30:00-05:00', '2026-03-11'],
  ['day', 1_767_225_600, '2026-01-01'],
  ['day', new Date(Date.UTC(2026, 0, 1)), '2026-01-01'],
  ['at', '2026-03-10T15:04:05Z', '2026-03-10T15:04:05+00:00'],
  ['at', '2026-03-10T15:04:05-07:00', '2026-03-10T15:04:05-07:00'],
  ['at', 1_767_225_600_000, '2026-01-01T00:00:00+00:00'],
  ['at', '2026-03-10', '2026-03-10T00:00:00+00:00'],
  ['cover', IMAGE, IMAGE],
  ['cover', { src: '/a.png', alt: null }, { src: '/a.png' }],
  ['cover', 'https://x.example/a.png', 'https://x.example/a.png'],
  ['file', '/files/a.pdf', '/files/a.pdf'],
  ['icon', 'regular/rocket.svg', 'regular/rocket.svg'],
  ['topic', 'sales', 'sales'],
  ['topic', ' SALES ', 'sales'],
  ['topic', 'other', 'Other'],
  ['free', 'anything', 'anything'],
  ['parent', 'ent_pro', 'ent_pro'],
  ['similar', null, null],
  ['tags', 'one', ['one']],
  ['tags', ['a', 1], ['a', '1']],
  ['tags', [], []],
  ['tags', '', null],
  ['scores', '7', [7]],
  ['scores', ['1', 2], [1, 2]],
  ['email', 'a@x.example', 'a@x.example'],
  ['future', { any: [1] }, { any: [1] }],
]

t.test('a value is brought into the form of its field', async t => {
  for (const [name, given, sent] of TAKEN)
    t.strictSame(shape({ [name]: given }), { [name]: sent }, `${name} ${String(given)}`)
})

/** Field, value given, what is said. */
const REFUSED: readonly [string, unknown, string][] = [
  ['title', ['a'], 'field "title": expected one value of type text, found a list of 1 value'],
  ['title', { a: 1 }, 'field "title": expected a text, found a map'],
  ['price', 'cheap', 'field "price": expected a number, found another text'],
  ['price', '12,50', 'field "price": expected a number, found another text'],
  ['price', '0x10', 'field "price": expected a number, found another text'],
  ['price', '9007199254740993', 'field "price": expected a number, found another text'],
  ['price', '1e999', 'field "price": expected a number, found another text'],
  ['price', true, 'field "price": expected a number, found true or false'],
  ['stock', 'maybe', 'field "stock": expected true or false, found another text'],
  ['stock', 2, 'field "stock": expected true or false, found a number'],
  ['day', 'soon', 'field "day": expected a date such as 2026-09-09, or a time, found another text'],
  ['day', '2026-02-30', 'field "day": expected a date such as 2026-09-09, or a time, found a date that does not fit'],
  ['day', true, 'field "day": expected a date such as 2026-09-09, or a time, found true or false'],
  ['at', 'x', 'field "at": expected a time such as 2026-09-09T14:30:00-07:00, or epoch seconds, found another text'],
  ['cover', 'a.png', 'field "cover": expected a URL, or { src, alt } with a URL, found another text'],
  ['cover', { url: '/a.png' }, 'field "cover": expected a URL, or { src, alt } with a URL, found a map'],
  ['cover', { ...IMAGE, width: 1 }, 'field "cover": expected a URL, or { src, alt } with a URL, found a map'],
  ['cover', 'javascript:alert(1)', 'field "cover": expected a URL, or { src, alt } with a URL, found another text'],
  [
    'icon',
    'x',
    'field "icon": expected a library path such as regular/rocket.svg, or an https URL, found another text',
  ],
  ['topic', 'press', 'field "topic": expected one of sales, support, Other, found another text'],
  ['parent', 5, 'field "parent": expected the id of an entry, found a number'],
  ['similar', 'x', 'field "similar": expected no value, the field is computed, found another text'],
  ['scores', [1, 'x'], 'field "scores": expected a list of values, each a number, found another text'],
  ['tags', ['a', null], 'field "tags": expected a list of values, each a text, found none'],
  ['email', null, 'field "email": expected a value, the field is required, found none'],
  ['weight', '', 'field "weight": expected a number, found an empty text'],
  ['name', 'x', '"name" is built in and not part of content: give it beside content'],
]

t.test('a value that does not fit is refused with the field, what was expected and what kind was found', async t => {
  for (const [name, given, said] of REFUSED) t.equal(shape({ [name]: given }), `shapeContent: ${said}`)
})

t.test('a field that is not there is named, with the one that was probably meant', async t => {
  const few = FIELDS.slice(0, 3)
  t.equal(
    shape({ prise: 1 }, few),
    'shapeContent: unknown field: expected one of title, body, price, found "prise" (did you mean "price"?)',
  )
  t.equal(shape({ x: 1 }, []), 'shapeContent: unknown field: expected no fields, found "x"')
  t.match(shape({ x: 1 }), /expected one of title, body, .*tags, …, found "x"$/)
  t.match(shape({ 'card 4111 1111': 1 }, few), /found another key$/, 'what may be text of a payload is not quoted')
})

t.test('every problem is said at once, five in words', async t => {
  t.equal(
    shape({ price: 'x', stock: 'y' }),
    'shapeContent: field "price": expected a number, found another text; field "stock": expected true or false, found another text',
  )
  const many = shape({ a1: 1, b2: 1, c3: 1, d4: 1, e5: 1, f6: 1, g7: 1 }, [field('z', 'text')]) as string
  t.equal(many.split('; ').length, 6)
  t.match(many, /; and 2 more$/)
  const hostile = Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`key-${i}`, i]))
  t.match(shape(hostile), /; and 9995 more$/, 'many unknown keys are not each compared with every field')
})

t.test('no value of a payload is in a message', async t => {
  const secret = 'canary-4111'
  for (const { name } of FIELDS) {
    for (const value of [secret, [secret, { a: secret }], { src: secret }, `2026-13-45 ${secret}`]) {
      const result = shape({ [name]: value })
      t.ok(typeof result !== 'string' || !result.includes(secret), `${name} ${JSON.stringify(value)}`)
    }
  }
})

t.test('arguments of another kind are said to be so', async t => {
  t.equal(shape('text'), 'shapeContent: content must be a map keyed by field name')
  t.match(shape({ a: 1 }, { name: 'a' }), /^shapeContent: fields must be the list of fields/)
  t.equal(shape({ a: 1 }, [{ name: 'a' }]), 'shapeContent: a field has no name or no type')
  t.equal(shape({ price: LOSSY_NUMBER }), 'a number that lost precision')
})

t.test('a legacy text field called name is content like any other', async t => {
  t.strictSame(shape({ name: 'x' }, [field('name', 'text')]), { name: 'x' })
})

t.test('keys such as __proto__ are data', async t => {
  const fields = [field('__proto__', 'text'), field('constructor', 'text')]
  const content = JSON.parse('{"__proto__": "a", "constructor": "b"}')
  t.equal(JSON.stringify(shape(content, fields)), '{"__proto__":"a","constructor":"b"}')
})

t.test('shaping twice is shaping once', async t => {
  for (const [name, given] of TAKEN) {
    const once = shape({ [name]: given })
    t.strictSame(shape(once), once, name)
  }
})

t.test('what comes out the sandbox takes, for any JSON', async t => {
  const model = createModel()
  addProject(model, { id: 'prj', name: 'P' })
  const seeded = seedModel('demo')
  const settable = FIELDS.filter(
    ({ name, type }) => !['name', 'slug', 'future', 'similar', 'parent'].includes(name) && type,
  )
  const collection = addCollection(model, {
    id: 'col',
    projectId: 'prj',
    name: 'C',
    slug: 'c',
    fields: settable as never,
  }) as unknown
  const target = (collection ?? model.collections.get('col')) as ReturnType<typeof model.collections.get>
  const text = fc.constantFrom('12.5', 'true', '2026-03-10', '2026-03-10T15:04:05Z', '/a.png', 'Sales', 'x', '')
  const value = fc.oneof(text, fc.jsonValue({ maxDepth: 2 }), fc.constant(IMAGE), fc.integer(), fc.array(text))
  const property = fc.property(fc.constantFrom(...settable.map(({ name }) => name)), value, (name, given) => {
    const shaped = shape({ [name]: given })
    if (typeof shaped === 'string') return true
    const content = shaped as Record<string, unknown>
    if (content[name] === null) return true
    return checkContent(seeded, target!, content, [name]).length === 0
  })
  t.doesNotThrow(() => fc.assert(property, { numRuns: 3_000 }))
})
