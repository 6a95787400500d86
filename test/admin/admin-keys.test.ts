import t from 'tap'
import { findAdminKey, isAllowed, readBearerKey, toAdminKeys } from '../../src/admin/admin-keys.ts'
import { makeAdminKey } from '../../src/admin/make-admin-key.ts'
import { openTempStore } from '../fixtures/open-temp-store.ts'

const OPS = 'ops-key-0123456789abcdef'
const LOOK = 'look-key-0123456789abcde'
const keys = toAdminKeys([
  { name: 'ops', role: 'admin', key: OPS },
  { name: 'look', role: 'viewer', key: LOOK },
])

t.test('a key is found by its hash, and nothing but the whole key is one', async t => {
  t.match(findAdminKey(OPS, keys), { name: 'ops', role: 'admin' })
  t.match(findAdminKey(LOOK, keys), { name: 'look', role: 'viewer' })
  for (const wrong of ['', OPS.slice(1), OPS.slice(0, -1), `${OPS} `, OPS.toUpperCase(), 'x'])
    t.equal(findAdminKey(wrong, keys), null)
  t.equal(findAdminKey(OPS, []), null, 'without keys nobody is let in')
})

t.test('what is compared does not hold the key', async t => {
  t.notMatch(JSON.stringify(keys), /key-0123/)
  t.ok(keys.every(({ digest }) => digest.byteLength === 32))
})

t.test('each role may do what those before it may, and no more', async t => {
  const roles = ['viewer', 'operator', 'admin'] as const
  t.strictSame(
    roles.map(role => roles.filter(needed => isAllowed(role, needed))),
    [['viewer'], ['viewer', 'operator'], ['viewer', 'operator', 'admin']],
  )
})

t.test('a bearer header is read strictly, and two are none', async t => {
  t.equal(readBearerKey(['Host', 'x', 'Authorization', `Bearer ${OPS}`]), OPS)
  t.equal(readBearerKey(['authorization', `bearer ${OPS}`]), OPS)
  t.equal(readBearerKey(['authorization', `Bearer ${OPS}`, 'AUTHORIZATION', `Bearer ${OPS}`]), null)
  t.equal(readBearerKey([]), null)
  for (const value of [
    OPS,
    `Basic ${OPS}`,
    'Bearer',
    'Bearer ',
    `Bearer  ${OPS}`,
    `Bearer ${OPS} x`,
    `Bearer ${'x'.repeat(513)}`,
  ])
    t.equal(readBearerKey(['authorization', value]), null, value.slice(0, 20))
})

t.test('a key is made once for a database, and only its hash is kept', async t => {
  const under = await openTempStore(t)
  const first = await makeAdminKey(under.store, 1)
  t.match(first.key, /^pxb_[\w-]{43}$/)
  t.equal(findAdminKey(first.key!, [first.adminKey]), first.adminKey)
  await under.reopen()
  const second = await makeAdminKey(under.store, 2)
  t.equal(second.key, null)
  t.ok(findAdminKey(first.key!, [second.adminKey]), 'the first one still counts')
})
