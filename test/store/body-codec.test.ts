import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import t from 'tap'
import { packBody, unpackBody } from '../../src/store/body-codec.ts'

t.test('a body that was packed is opened byte for byte', async t => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 3_000 }), fc.integer({ min: 1, max: 5 }), (bytes, times) => {
      const body = Buffer.concat(Array(times).fill(bytes))
      return unpackBody(packBody(body))?.equals(body)
    }),
  )
  t.pass('held')
})

t.test('small and random bodies stay as they are, text becomes smaller', async t => {
  t.equal(packBody(Buffer.from('{}')).encoding, 'raw')
  t.equal(packBody(randomBytes(4_000)).encoding, 'raw')
  const text = Buffer.from(JSON.stringify(Array(200).fill({ name: 'page', id: 1 })))
  const packed = packBody(text)
  t.equal(packed.encoding, 'zstd')
  t.ok(packed.bytes.byteLength < text.byteLength / 5)
})

t.test('a body that retention removed is nothing', async t => {
  t.equal(unpackBody({ encoding: 'pruned', bytes: new Uint8Array() }), null)
})

t.test('a view into a larger buffer is packed and opened as that view', async t => {
  const large = randomBytes(10_000)
  const view = large.subarray(100, 300)
  t.ok(unpackBody(packBody(view))?.equals(view))
})
