import type { Test } from 'tap'
import type { SealAnswer, SealedSecret } from '../../../src/store/sealed-secrets.ts'
import { SEALED_SECRETS_MAX } from '../../../src/store/sqlite/seal-secret.ts'
import type { Store } from '../../../src/store/store.ts'
import { NOW } from '../../fixtures/drive-store.ts'
import type { OpenStore } from './store-contract.ts'

const secretOf = (name: string, change: Partial<SealedSecret> = {}): SealedSecret => ({
  name,
  keyId: 'key-1',
  fingerprint: `fp-${name}`,
  jwe: `jwe-${name}`,
  sealedAt: NOW,
  ...change,
})
function seal(store: Store, name: string, change: Partial<SealedSecret> = {}): Promise<SealAnswer> {
  return store.sealSecret({ secret: secretOf(name, change), actor: 'admin:ops' })
}

export async function testSecrets(t: Test, openStore: OpenStore): Promise<void> {
  t.test('sealed secrets are kept by name; a list of them has nothing that could be opened', async t => {
    const under = await openStore(t)
    t.same(await under.store.listSecrets(), [])
    t.same(await seal(under.store, 'shop'), { ok: true })
    t.same(await seal(under.store, 'ci'), { ok: true })
    await under.reopen()
    t.same(await under.store.readSecrets(), [secretOf('ci'), secretOf('shop')])
    const { jwe: _, ...line } = secretOf('ci')
    t.same((await under.store.listSecrets())[0], line)
  })

  t.test('a secret of the same name takes the place of the former one', async t => {
    const { store } = await openStore(t)
    await seal(store, 'ci')
    const newer = { fingerprint: 'fp-2', jwe: 'jwe-2', sealedAt: NOW + 1 }
    t.same(await seal(store, 'ci', newer), { ok: true })
    t.same(await store.readSecrets(), [secretOf('ci', newer)])
  })

  t.test('one that is sealed with another master key than the others is refused', async t => {
    const { store } = await openStore(t)
    await seal(store, 'ci')
    t.same(await seal(store, 'shop', { keyId: 'key-2' }), { ok: false, reason: 'other_key' })
    t.same(await store.readSecrets(), [secretOf('ci')])
    t.same(await seal(store, 'ci', { keyId: 'key-2' }), { ok: true }, 'the only one may')
  })

  t.test('what is captured takes the place of none, or of the one that was meant', async t => {
    const { store } = await openStore(t)
    const capture = (fingerprint: string, replaces: string | null): Promise<SealAnswer> =>
      store.sealSecret({
        secret: secretOf('source:asana', { fingerprint }),
        replaces,
        actor: 'bridge',
        source: 'asana',
      })
    t.same(await capture('fp-1', 'fp-0'), { ok: false, reason: 'changed' })
    const both = await Promise.all([capture('fp-1', null), capture('fp-2', null)])
    t.same(both, [{ ok: true }, { ok: false, reason: 'changed' }], 'of two, the first')
    t.same(await capture('fp-3', 'fp-2'), { ok: false, reason: 'changed' })
    t.same(await capture('fp-3', 'fp-1'), { ok: true })
    t.match(await store.listSecrets(), [{ name: 'source:asana', fingerprint: 'fp-3' }])
  })

  t.test('a secret is deleted once', async t => {
    const { store } = await openStore(t)
    await seal(store, 'ci')
    await seal(store, 'shop')
    t.equal(await store.deleteSecret({ name: 'ci', actor: 'admin:ops', now: NOW }), true)
    t.equal(await store.deleteSecret({ name: 'ci', actor: 'admin:ops', now: NOW }), false)
    t.same(await store.readSecrets(), [secretOf('shop')])
  })

  t.test('all are put under another master key, or none', async t => {
    const { store } = await openStore(t)
    await seal(store, 'ci')
    await seal(store, 'shop')
    const reseal = (...secrets: { name: string; before: string; after: string }[]) =>
      store.resealSecrets({ keyId: 'key-2', secrets, actor: 'admin:ops', now: NOW + 1 })
    const ci = { name: 'ci', before: 'jwe-ci', after: 'new-ci' }
    const shop = { name: 'shop', before: 'jwe-shop', after: 'new-shop' }
    for (const [what, secrets] of Object.entries({
      'one came meanwhile': [ci],
      'one was set meanwhile': [ci, { ...shop, before: 'jwe-older' }],
      'one was deleted meanwhile': [ci, shop, { name: 'gone', before: 'jwe-gone', after: 'new-gone' }],
      'another one': [ci, { ...shop, name: 'gone' }],
    }))
      t.equal(await reseal(...secrets), false, what)
    t.same(await store.readSecrets(), [secretOf('ci'), secretOf('shop')], 'nothing was done')

    t.equal(await reseal(ci, shop), true)
    const sealed = { keyId: 'key-2' }
    t.same(await store.readSecrets(), [
      secretOf('ci', { ...sealed, jwe: 'new-ci' }),
      secretOf('shop', { ...sealed, jwe: 'new-shop' }),
    ])
    t.same(await seal(store, 'late'), { ok: false, reason: 'other_key' }, 'sealed before with the former key')
  })

  t.test('there is an end to how many are kept', async t => {
    const { store } = await openStore(t)
    const answers = await Promise.all(Array.from({ length: SEALED_SECRETS_MAX + 1 }, (_, n) => seal(store, `s${n}`)))
    t.equal(answers.filter(({ ok }) => ok).length, SEALED_SECRETS_MAX)
    t.same(answers.at(-1), { ok: false, reason: 'full' })
    t.same(await seal(store, 's0', { jwe: 'newer' }), { ok: true }, 'one that is there may be set anew')
  })
}
