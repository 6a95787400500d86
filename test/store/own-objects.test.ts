import t from 'tap'
import { objectsInAnswer, objectsInVariables } from '../../src/store/own-objects.ts'

t.test('variables name what is written', async t => {
  t.strictSame(objectsInVariables({ entryId: 'ent_1', lastVersion: 3, content: { pageId: 'pg_9' } }), ['ent_1'])
  t.strictSame(objectsInVariables({ pageId: 'pg_1', revisionId: 'rev_1' }), ['pg_1'])
  t.strictSame(objectsInVariables({ id: 'x', entry_id: 'y', page_id: 'x' }), ['y', 'x'])
})

t.test('variables of what is new name nothing', async t => {
  t.strictSame(objectsInVariables({ collectionId: 'col_1', payload: { name: 'a' } }), [])
  for (const odd of [null, 7, 'entryId', [], { entryId: 7 }, { entryId: '' }, { entryId: 'x'.repeat(129) }])
    t.strictSame(objectsInVariables(odd), [], JSON.stringify(odd)?.slice(0, 30))
})

t.test('an answer names what was written or made', async t => {
  t.strictSame(objectsInAnswer({ createEntry: { success: true, entry: { id: 'ent_1', page: { slug: '/a' } } } }), [
    'ent_1',
  ])
  t.strictSame(objectsInAnswer({ createPage: { page: { id: 'pg_1' } }, other: { entry: { id: 'ent_1' } } }), [
    'pg_1',
    'ent_1',
  ])
  for (const odd of [null, undefined, [], { a: null }, { a: { entry: 'ent_1' } }, { a: { entry: { id: 7 } } }])
    t.strictSame(objectsInAnswer(odd), [], JSON.stringify(odd))
})
