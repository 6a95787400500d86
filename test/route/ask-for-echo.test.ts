import t from 'tap'
import { askForEcho } from '../../src/route/ask-for-echo.ts'

const objects = (payload: unknown): readonly string[] => askForEcho(payload, null, 0).objects

t.test('ids are looked for by value, whatever the template calls them', async t => {
  t.strictSame(objects({ event: 'saved', entry_id: 'ent_1', collection_id: 'col_1' }), ['saved', 'ent_1', 'col_1'])
  t.strictSame(objects({ a: { b: [{ theEntry: 'ent_1' }] } }), ['ent_1'])
  t.strictSame(objects(['ent_1', 'ent_1', 17, 1.5, true, null, '']), ['ent_1', '17'])
  t.strictSame(objects('ent_1'), ['ent_1'])
  t.strictSame(objects({ text: 'Page pg_1 was published' }), ['Page pg_1 was published'], 'no words are taken apart')
})

t.test('how much of a payload is looked at is bounded', async t => {
  t.equal(objects(Array.from({ length: 1_000 }, (_, n) => `id_${n}`)).length, 64)
  t.strictSame(objects(['x'.repeat(128), 'x'.repeat(129)]), ['x'.repeat(128)])
  let deep: unknown = 'ent_1'
  for (let n = 0; n < 8; n++) deep = [deep]
  t.strictSame(objects(deep), ['ent_1'])
  t.strictSame(objects([deep]), [])
})

t.test('the event type narrows the writes that may have caused it', async t => {
  const by = (type: string | null, operation: string): boolean => !askForEcho({}, type, 0).notBy.includes(operation)
  t.ok(by('entry.saved', 'updateEntry'))
  t.notOk(by('entry.published', 'updateEntry'), 'a draft that a person publishes later is no echo')
  t.notOk(by('page.published', 'savePage'))
  t.ok(by('entry.published', 'publishEntry'))
  t.ok(by('page.unpublished', 'unpublishPage'))
  t.notOk(by('entry.unpublished', 'publishEntry'), 'unpublished does not end in published')
  t.notOk(by('entry.deleted', 'updateEntry'))
  t.ok(by('entry.deleted', 'deleteEntry'))
  t.ok(by('published', 'publishEntry'), 'the verb alone')
  for (const type of ['entry.published', 'entry.deleted', 'page.updated', 'anything', null])
    t.ok(by(type, 'myOwnMutation'), `a mutation nobody knows may have caused ${type}`)
  for (const type of [null, '', 'cms-hook', 'republished'])
    t.strictSame(askForEcho({}, type, 0).notBy, [], `${type} says nothing`)
})

t.test('the instant is that of the receipt', async t => {
  t.equal(askForEcho({}, null, 17).receivedAt, 17)
})
