import { createHash } from 'node:crypto'
import t from 'tap'
import { compileSource } from '../fixtures/compile-source.ts'
import { makeDelivery } from '../fixtures/make-delivery.ts'

const NOW = 1_767_225_600_000
const SECRET = 'yyyyyyyy-yyyy-yyyy-yyyy-yyyyyyyyyyyy'
const scheme = compileSource({ scheme: 'hubspot-v1' })
const sha256 = (content: Buffer) => createHash('sha256').update(content).digest('hex')

/** What SHA-256 puts behind a message of so many bytes: 0x80, zeros, the length in bits. Whoever knows a hash can go on from there. */
function padding(bytes: number): Buffer {
  const zeros = (119 - (bytes % 64)) % 64
  const length = Buffer.alloc(8)
  length.writeBigUInt64BE(BigInt(bytes) * 8n)
  return Buffer.concat([Buffer.from([0x80]), Buffer.alloc(zeros), length])
}

t.test('a body carried on by length extension is refused, whatever its hash', async t => {
  for (let length = 1; length <= 200; length++) {
    const body = Buffer.from(`{"a":"${'x'.repeat(length)}"}`)
    const genuine = makeDelivery({ 'x-hubspot-signature': sha256(Buffer.concat([Buffer.from(SECRET), body])) }, body)
    if (!scheme.verify(genuine, [{ value: SECRET, expiresAt: null }], NOW).ok) t.fail('the genuine one')
    const forged = Buffer.concat([body, padding(SECRET.length + body.length), Buffer.from(',"admin":true}')])
    // The attacker would know this hash without knowing the secret.
    const known = sha256(Buffer.concat([Buffer.from(SECRET), forged]))
    const delivery = makeDelivery({ 'x-hubspot-signature': known }, forged)
    if (scheme.verify(delivery, [{ value: SECRET, expiresAt: null }], NOW).ok) t.fail(`accepted at ${length}`)
  }
  t.pass('200 lengths')
})

t.test('the secret stands where the template says, and an empty one never matches', async t => {
  const own = compileSource({ scheme: 'digest', header: 'x-sig', signed: '${body}|${secret}', algorithm: 'sha512' })
  const body = Buffer.from('{"é":1}')
  const signature = createHash('sha512').update(body).update(`|${SECRET}`).digest('hex')
  t.match(own.verify(makeDelivery({ 'x-sig': signature }, body), [{ value: SECRET, expiresAt: null }], NOW), {
    ok: true,
  })
  const empty = createHash('sha512').update(body).update('|').digest('hex')
  t.notOk(own.verify(makeDelivery({ 'x-sig': empty }, body), [{ value: '', expiresAt: null }], NOW).ok)
  t.notOk(own.verify(makeDelivery({ 'x-sig': empty }, body), [], NOW).ok)
})
