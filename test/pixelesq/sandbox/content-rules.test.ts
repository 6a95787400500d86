import t from 'tap'
import { mergePatch } from '../../../src/pixelesq/sandbox/content-rules.ts'
import { call, control, openSandbox, post, readOperation } from '../../fixtures/call-sandbox.ts'

const fields = [
  { name: 'text', type: 'text' },
  { name: 'html', type: 'html' },
  { name: 'number', type: 'number' },
  { name: 'checkbox', type: 'checkbox' },
  { name: 'boolean', type: 'boolean' },
  { name: 'day', type: 'date' },
  { name: 'instant', type: 'date', config: { time: true } },
  { name: 'image', type: 'image' },
  { name: 'media', type: 'media' },
  { name: 'icon', type: 'icon' },
  { name: 'option', type: 'option', options: 'red, green' },
  { name: 'reference', type: 'reference', to: 'col_products' },
  { name: 'list', type: 'number', list: true },
  { name: 'references', type: 'reference', options: 'col_products', list: true },
  { name: 'must', type: 'text', required: true },
  { name: 'related', type: 'related' },
]

const accepted: Array<[string, unknown]> = [
  ['text', 'x'],
  ['html', '<p>x</p>'],
  ['number', -1.5],
  ['checkbox', false],
  ['boolean', true],
  ['day', '2028-02-29'],
  ['instant', '2026-09-09T14:30:00-07:00'],
  ['image', 'https://x.example/a.png'],
  ['image', { src: '/a.png', alt: 'A' }],
  ['media', { src: 'https://x.example/a.mp4' }],
  ['icon', 'regular/rocket.svg'],
  ['icon', 'https://x.example/a.svg'],
  ['option', 'green'],
  ['reference', 'ent_pro'],
  ['list', [1, 2]],
  ['references', ['ent_pro', 'ent_free']],
]

const refused: Array<[string, unknown]> = [
  ['text', 1],
  ['html', ['x']],
  ['number', '1'],
  ['checkbox', 'true'],
  ['boolean', 1],
  ['day', '2026-02-30'],
  ['day', '2026-09-09T14:30:00-07:00'],
  ['day', '09.09.2026'],
  ['instant', '2026-09-09T14:30:00Z'],
  ['instant', '2026-09-09'],
  ['instant', '2026-09-09T25:30:00-07:00'],
  ['image', { alt: 'A' }],
  ['image', { src: 'https://x.example/a.png', width: 3 }],
  ['media', 7],
  ['icon', 'rocket'],
  ['option', 'blue'],
  ['reference', 'ent_hello'],
  ['reference', 'ent_none'],
  ['list', 1],
  ['list', [1, '2']],
  ['references', 'ent_pro'],
  ['related', 'x'],
  ['unknown', 'x'],
  ['name', 'x'],
  ['slug', 'x'],
]

t.test('content is validated by field type', async t => {
  const sandbox = await openSandbox(t)
  await control(sandbox, 'POST', 'collections', { id: 'col_all', name: 'All', slug: 'all', fields })
  const create = (content: unknown) =>
    call(sandbox, 'createEntry', { collectionId: 'col_all', payload: { name: 'x', content } })
  for (const [key, value] of accepted)
    t.equal((await create({ [key]: value })).code, null, `${key} ${JSON.stringify(value)}`)
  for (const [key, value] of refused) {
    const { code, body } = await create({ [key]: value })
    t.equal(code, 'VALIDATION_FAILED', `${key} ${JSON.stringify(value)}`)
    t.match(body?.errors?.[0]?.message, `"${key}"`)
  }
  t.equal((await create(['x'])).code, 'VALIDATION_FAILED')
  t.equal(sandbox.readLedger().effects, accepted.length)
})

t.test('an update is validated too, and a required field cannot be cleared', async t => {
  const sandbox = await openSandbox(t)
  await control(sandbox, 'POST', 'collections', { id: 'col_all', name: 'All', slug: 'all', fields })
  const { entry } = await call(sandbox, 'createEntry', {
    collectionId: 'col_all',
    payload: { name: 'x', content: { must: 'x', number: 1 } },
  })
  const update = (content: object) => call(sandbox, 'updateEntry', { entryId: entry.id, lastVersion: 1, content })
  t.equal((await update({ number: 'x' })).code, 'VALIDATION_FAILED')
  t.equal((await update({ name: 'x' })).code, 'VALIDATION_FAILED')
  t.equal((await update({ must: null })).code, 'VALIDATION_FAILED')
  t.equal((await update({ number: null })).code, null)
})

t.test('a key named __proto__ is an unknown field and changes no prototype', async t => {
  const sandbox = await openSandbox(t)
  const variables = '{"entryId":"ent_pro","lastVersion":1,"content":{"__proto__":{"polluted":true}}}'
  const { code } = await post(
    sandbox,
    `{"query":${JSON.stringify(readOperation('updateEntry'))},"variables":${variables}}`,
  )
  t.equal(code, 'VALIDATION_FAILED')
  t.notOk('polluted' in {})
})

t.test('variables that nest too deep are refused and not kept', async t => {
  const sandbox = await openSandbox(t)
  const deep = `${'['.repeat(5000)}${']'.repeat(5000)}`
  const variables = `{"pageId":"pg_status","lastVersion":3,"sections":${deep}}`
  const { code } = await post(
    sandbox,
    `{"query":${JSON.stringify(readOperation('savePage'))},"variables":${variables}}`,
  )
  t.equal(code, 'BAD_USER_INPUT')
  t.equal(sandbox.readLedger().entries[0]?.variables, null)
})

t.test('mergePatch gives the results of RFC 7396, appendix A', async t => {
  const cases: Array<[unknown, unknown, unknown]> = [
    [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
    [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
    [{ a: 'b' }, { a: null }, {}],
    [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
    [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
    [{ a: 'c' }, { a: ['b'] }, { a: ['b'] }],
    [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
    [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
    [
      ['a', 'b'],
      ['c', 'd'],
      ['c', 'd'],
    ],
    [{ a: 'b' }, ['c'], ['c']],
    [{ a: 'foo' }, null, null],
    [{ a: 'foo' }, 'bar', 'bar'],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [[1, 2], { a: 'b', c: null }, { a: 'b' }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  ]
  for (const [target, patch, expected] of cases) t.same(mergePatch(target, patch), expected, JSON.stringify(patch))
})
