import t from 'tap'
import { readJwtKeys } from '../../src/verify/jwt-keys.ts'
import { createKeySet, KEYS_COOL_DOWN_MS, KEYS_FRESH_MS, KEYS_STALE_MS } from '../../src/verify/key-set.ts'
import { makeKeys } from '../fixtures/complete-preset.ts'
import { keySetOf, makeIssuer } from '../fixtures/make-token.ts'

const NOW = 1_767_225_600_000
const old = makeIssuer('old')
const next = makeIssuer('next')

/** A set whose text the test decides, counting how often it is asked for. */
function makeSource(first: string | Error) {
  const source = { text: first as string | Error, asked: 0 }
  const set = createKeySet(async () => {
    source.asked++
    if (source.text instanceof Error) throw source.text
    return source.text
  })
  const find = (kid: string | null, now: number) => set.find(kid, 'RS256', now)
  return { source, find }
}

t.test('a set is fetched once, and again when it is no longer fresh', async t => {
  const { source, find } = makeSource(keySetOf(old))
  for (const now of [NOW, NOW + 1, NOW + KEYS_FRESH_MS - 1])
    t.match(await find('old', now), { ok: true, keys: [{ kid: 'old' }] })
  t.equal(source.asked, 1)
  source.text = keySetOf(next)
  t.match(await find('old', NOW + KEYS_FRESH_MS), { ok: false, reason: 'key_unknown' }, 'a key that was withdrawn')
  t.match(await find('next', NOW + KEYS_FRESH_MS), { ok: true })
  t.equal(source.asked, 2)
})

t.test('a new key is found at once, if the set was not fetched just now', async t => {
  const { source, find } = makeSource(keySetOf(old))
  await find('old', NOW)
  source.text = keySetOf(old, next)
  t.match(await find('next', NOW + KEYS_COOL_DOWN_MS - 1), { reason: 'key_unknown' })
  t.match(await find('next', NOW + KEYS_COOL_DOWN_MS), { ok: true })
  t.equal(source.asked, 2)
})

t.test('T030 unknown key ids make for one fetch in a cool-down', async t => {
  const { source, find } = makeSource(keySetOf(old))
  for (let i = 0; i < 1_000; i++) t.match(await find(`kid-${i}`, NOW + i), { reason: 'key_unknown' })
  t.equal(source.asked, 1)
  await Promise.all(Array.from({ length: 1_000 }, (_, i) => find(`other-${i}`, NOW + KEYS_COOL_DOWN_MS)))
  t.equal(source.asked, 2)
  t.match(await find('old', NOW + KEYS_COOL_DOWN_MS), { ok: true }, 'genuine tokens do not suffer')
})

t.test('T034 while the set cannot be fetched the last good one counts, for a day', async t => {
  const { source, find } = makeSource(keySetOf(old))
  await find('old', NOW)
  for (const text of [new Error('down'), '', '{}', '{"keys":7}', 'not json', '[]', '<html>']) {
    source.text = text
    t.match(await find('old', NOW + KEYS_FRESH_MS + source.asked * KEYS_COOL_DOWN_MS), { ok: true }, String(text))
  }
  t.equal(source.asked, 8)
  t.match(await find('old', NOW + KEYS_STALE_MS), { ok: false, reason: 'keys_unavailable' })
})

t.test('T034 a set that was never fetched is asked for once in a cool-down', async t => {
  const { source, find } = makeSource(new Error('down'))
  for (let i = 0; i < 100; i++) t.match(await find('old', NOW + i), { ok: false, reason: 'keys_unavailable' })
  t.equal(source.asked, 1)
  source.text = keySetOf(old)
  t.match(await find('old', NOW + KEYS_COOL_DOWN_MS), { ok: true })
})

t.test('deliveries that need the same fetch wait for the same one', async t => {
  let answer = (_: string): void => {}
  let asked = 0
  const set = createKeySet(() => {
    asked++
    return new Promise(resolve => {
      answer = resolve
    })
  })
  const waiting = Array.from({ length: 50 }, () => set.find('old', 'RS256', NOW))
  answer(keySetOf(old))
  for (const found of await Promise.all(waiting)) t.match(found, { ok: true })
  t.equal(asked, 1)
})

t.test('only public keys of the right kind are read', async t => {
  const rsa = old.jwk
  const kidsOf = (keys: unknown, algorithm: 'RS256' | 'ES256' | 'EdDSA' | 'HS256' = 'RS256') =>
    readJwtKeys(JSON.stringify({ keys }), algorithm)?.map(({ kid }) => kid)
  t.strictSame(kidsOf([rsa, { ...rsa, kid: 'b', alg: undefined, use: undefined }]), ['old', 'b'])
  for (const other of [
    { ...rsa, alg: 'RS512' },
    { ...rsa, use: 'enc' },
    { ...rsa, key_ops: ['sign'] },
    { ...rsa, d: 'AQAB' },
    { ...rsa, kid: 7 },
    { ...rsa, n: 'AQAB' },
    { kty: 'oct', k: 'c2VjcmV0c2VjcmV0c2VjcmV0', kid: 'old' },
    null,
    'x',
    [],
  ])
    t.strictSame(kidsOf([other]), [], JSON.stringify(other)?.slice(0, 60))
  t.strictSame(kidsOf([rsa], 'ES256'), [])
  t.strictSame(kidsOf([rsa], 'HS256'), [], 'never for an HMAC')
  t.equal(kidsOf(Array(101).fill(rsa)), undefined, 'too many')
  t.equal(kidsOf('x'), undefined)
  t.strictSame(readJwtKeys(makeKeys('p256').publicKey, 'ES256')?.length, 1)
  t.strictSame(readJwtKeys(makeKeys('p256').publicKey, 'RS256'), [])
  t.strictSame(readJwtKeys(makeKeys('ed25519').publicKey.replaceAll('\n', '\\n'), 'EdDSA')?.length, 1)
  t.equal(readJwtKeys(makeKeys('rsa').privateKey, 'RS256'), null)
})
