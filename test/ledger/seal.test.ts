import { createCipheriv, randomBytes } from 'node:crypto'
import { deflateRawSync } from 'node:zlib'
import { CompactEncrypt } from 'jose'
import t from 'tap'
import { parseMasterKey } from '../../src/ledger/master-key.ts'
import { openSecret, sealSecret } from '../../src/ledger/seal.ts'

const KEY = parseMasterKey('ab'.repeat(32))!
const OTHER = parseMasterKey('cd'.repeat(32))!
const SECRET = 'canary-sealed-secret-0123456789 ünïcode'
const BROKEN = { ok: false, reason: 'broken' }
const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')
const headerOf = (jwe: string): Record<string, unknown> =>
  JSON.parse(Buffer.from(jwe.split('.')[0]!, 'base64url').toString())

/** As `sealSecret` does it, with node:crypto alone and any header: genuine in everything but that. */
function sealWith(header: object, plain: Buffer = Buffer.from(SECRET), key = KEY): string {
  const head = encode(header)
  const iv = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', key.key, iv)
  cipher.setAAD(Buffer.from(head, 'ascii'))
  const text = Buffer.concat([cipher.update(plain), cipher.final()])
  return [head, '', ...[iv, text, cipher.getAuthTag()].map(part => part.toString('base64url'))].join('.')
}

const OURS = { alg: 'dir', enc: 'A256GCM', kid: KEY.id, name: 'ci' }

t.test('what is sealed for a name is opened with its key under that name', async t => {
  const jwe = await sealSecret('ci', SECRET, KEY)
  t.strictSame(await openSecret('ci', jwe, KEY), { ok: true, value: SECRET })
  t.strictSame(headerOf(jwe), OURS, 'the header says nothing else')
  t.not(jwe, await sealSecret('ci', SECRET, KEY), 'never twice the same')
  t.notMatch(jwe, Buffer.from(SECRET).toString('base64url').slice(0, 12))
  t.strictSame(await openSecret('ci', sealWith(OURS), KEY), { ok: true, value: SECRET }, 'it is plain RFC 7516')
})

t.test('it cannot be moved to another name, nor opened with another key', async t => {
  const jwe = await sealSecret('ci', SECRET, KEY)
  t.strictSame(await openSecret('shop', jwe, KEY), BROKEN)
  const [, ...rest] = jwe.split('.')
  t.strictSame(await openSecret('shop', [encode({ ...OURS, name: 'shop' }), ...rest].join('.'), KEY), BROKEN)
  t.strictSame(await openSecret('ci', jwe, OTHER), { ok: false, reason: 'other_key', keyId: KEY.id })
  t.strictSame(await openSecret('ci', [encode({ ...OURS, kid: OTHER.id }), ...rest].join('.'), OTHER), BROKEN)
})

t.test('every changed byte is noticed', async t => {
  const jwe = await sealSecret('ci', SECRET, KEY)
  let opened = 0
  for (let at = 0; at < jwe.length; at++) {
    const changed = `${jwe.slice(0, at)}${jwe[at] === 'A' ? 'B' : 'A'}${jwe.slice(at + 1)}`
    if ((await openSecret('ci', changed, KEY)).ok) opened++
    if ((await openSecret('ci', jwe.slice(0, at), KEY)).ok) opened++
  }
  // the last character of a part may have bits that stand for nothing: another spelling of the same bytes
  t.ok(opened <= 4, `${opened} of ${jwe.length * 2}`)
  for (const text of ['', '....', 'x', `${jwe}.`, `${jwe}.AAAA`, encode(OURS)])
    t.strictSame(await openSecret('ci', text, KEY), BROKEN)
})

t.test('T032 no other algorithm, no compression and no key derivation is looked at', async t => {
  const headers: Record<string, object> = {
    'another encryption': { ...OURS, enc: 'A128GCM' },
    'with CBC': { ...OURS, enc: 'A256CBC-HS512' },
    'a key wrap': { ...OURS, alg: 'A256KW' },
    none: { ...OURS, alg: 'none' },
    compressed: { ...OURS, zip: 'DEF' },
    crit: { ...OURS, crit: ['exp'], exp: 1 },
    b64: { ...OURS, b64: false },
    'a key of its own': { ...OURS, jwk: { kty: 'oct', k: 'AAAA' } },
    'a URL': { ...OURS, jku: 'https://example.com/keys' },
    'no name': { alg: 'dir', enc: 'A256GCM', kid: KEY.id },
    'no key id': { alg: 'dir', enc: 'A256GCM', name: 'ci' },
    'a key id that is no text': { ...OURS, kid: 1 },
    'a name that is no text': { ...OURS, name: ['ci'] },
  }
  for (const [what, header] of Object.entries(headers))
    t.strictSame(await openSecret('ci', sealWith(header), KEY), BROKEN, what)
  const bomb = deflateRawSync(Buffer.alloc(10_000_000))
  t.strictSame(await openSecret('ci', sealWith({ ...OURS, zip: 'DEF' }, bomb), KEY), BROKEN, 'a compressed bomb')

  const cpuBefore = process.cpuUsage()
  const counts = { ...OURS, alg: 'PBES2-HS512+A256KW', p2s: encode('salt-of-sixteen-b'), p2c: 2 ** 31 }
  t.strictSame(await openSecret('ci', `${encode(counts)}.${encode('key')}.AAAA.AAAA.AAAA`, KEY), BROKEN)
  t.ok(process.cpuUsage(cpuBefore).user < 1_000_000, 'nothing is derived: 2^31 rounds would take many minutes')

  const wrapped = await new CompactEncrypt(Buffer.from(SECRET))
    .setProtectedHeader({ ...OURS, alg: 'A256GCMKW' })
    .encrypt(KEY.key)
  t.strictSame(await openSecret('ci', wrapped, KEY), BROKEN, 'although the key would fit')
})
