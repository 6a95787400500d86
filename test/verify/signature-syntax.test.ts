import { randomBytes } from 'node:crypto'
import t from 'tap'
import { decodeBase64, decodeHex, equalsAny, signaturePattern } from '../../src/verify/signature-syntax.ts'

t.test('every digest has exactly one accepted spelling', async t => {
  for (const bytes of [20, 32, 48, 64]) {
    for (const encoding of ['hex', 'base64', 'base64url'] as const) {
      const pattern = signaturePattern(bytes, encoding)
      for (let i = 0; i < 50; i++) {
        const digest = randomBytes(bytes)
        const text = digest.toString(encoding)
        const twins = [`${text}=`, `${text}\n`, ` ${text}`, text.slice(0, -1), `${text}A`, `${text.slice(0, -1)}!`]
        if (!pattern.test(text) || twins.some(twin => pattern.test(twin))) t.fail(text)
      }
      t.pass(`${bytes} bytes in ${encoding}`)
    }
  }
})

t.test('T003 digests of other lengths are compared without a throw', async t => {
  const digest = Buffer.alloc(32, 1)
  t.ok(equalsAny(digest, [Buffer.alloc(32), Buffer.alloc(32, 1)]))
  t.notOk(equalsAny(digest, [Buffer.alloc(31, 1), Buffer.alloc(33, 1), Buffer.alloc(0)]))
  t.notOk(equalsAny(digest, []))
})

t.test('T004 T005 keys are decoded whole or not at all', async t => {
  t.same(decodeHex('00fF'), Buffer.from([0, 255]))
  for (const text of ['', '0', '00f', '00fg', ' 00']) t.equal(decodeHex(text), null, text)
  t.same(decodeBase64('AAE='), Buffer.from([0, 1]))
  t.same(decodeBase64('AAE'), Buffer.from([0, 1]), 'padding may be left out')
  for (const text of ['', '=', 'AAF=', 'AA-_', 'AAE=!', 'A', ' AAE=']) t.equal(decodeBase64(text), null, text)
})
