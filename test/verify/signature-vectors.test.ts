import t from 'tap'
import type { Delivery } from '../../src/verify/delivery.ts'
import { compileSource } from '../fixtures/compile-source.ts'
import { makeDelivery } from '../fixtures/make-delivery.ts'
import { SIGNATURE_VECTORS } from '../fixtures/signature-vectors.ts'

for (const vector of SIGNATURE_VECTORS) {
  t.test(`the vector ${vector.name} verifies (${vector.origin})`, async t => {
    const scheme = compileSource(vector.source)
    const now = vector.verifyAt ?? 1_767_225_600_000
    const secrets = [{ value: vector.secret, expiresAt: null }]
    const judge = (delivery: Delivery) => scheme.verify(delivery, secrets, now)
    const genuine = makeDelivery(vector.headers, vector.body)
    const verification = judge(genuine)

    t.match(verification, { ok: true, secretIndex: 0 })
    t.equal(verification.ok && verification.signedAt !== null, vector.verifyAt !== undefined, 'the timestamp is signed')
    t.equal(judge({ ...genuine, body: Buffer.from(`${vector.body} `) }).ok, !scheme.bindsBody, 'the body is bound')
    t.notOk(
      scheme.verify(genuine, [{ value: `${vector.secret}A`, expiresAt: null }], now).ok,
      'another secret is refused',
    )
    t.notOk(judge(makeDelivery({}, vector.body)).ok, 'nothing without its headers')
    const decoy = { value: 'whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA', expiresAt: null }
    t.match(
      scheme.verify(genuine, [decoy, ...secrets], now),
      { ok: true, secretIndex: 1 },
      'the second secret is tried',
    )
    if (vector.verifyAt !== undefined) {
      t.match(scheme.verify(genuine, secrets, now + 302_000), { reason: 'timestamp_out_of_range' })
      t.match(scheme.verify(genuine, secrets, now - 302_000), { reason: 'timestamp_out_of_range' })
    }
  })
}
