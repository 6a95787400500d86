import t from 'tap'
import type { Delivery } from '../../src/verify/delivery.ts'
import { listPresets } from '../../src/verify/preset.ts'
import { compileAnySource } from '../fixtures/compile-source.ts'
import { makeDelivery } from '../fixtures/make-delivery.ts'
import { SIGNATURE_VECTORS } from '../fixtures/signature-vectors.ts'

/** Beyond every tolerance. */
const LATE_MS = 303_000
const TOKEN_LATE_MS = 7_200_000
/** Usable by every scheme that has no key of its own kind, and right for none. */
const DECOY = 'whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'

for (const vector of SIGNATURE_VECTORS) {
  t.test(`the vector ${vector.name} verifies (${vector.origin})`, async t => {
    const scheme = compileAnySource(vector.source)
    const now = vector.verifyAt ?? 1_767_225_600_000
    const secrets = [{ value: vector.secret, expiresAt: null }]
    const judge = async (delivery: Delivery) => scheme.verify(delivery, secrets, now)
    const genuine = { ...makeDelivery(vector.headers, vector.body), query: vector.query }
    const verification = await judge(genuine)

    t.match(verification, { ok: true, secretIndex: 0 })
    t.equal(verification.ok && verification.signedAt !== null, vector.verifyAt !== undefined, 'the timestamp is signed')
    const longer = Buffer.concat([vector.body, Buffer.from(' ')])
    if (scheme.bindsBody) t.notOk((await judge({ ...genuine, body: longer })).ok, 'the body is bound')
    const other = [{ value: `${vector.secret}A`.replace('-----\nA', '-----'), expiresAt: 0 }]
    t.notOk((await scheme.verify(genuine, other, now)).ok, 'another secret, or one that has expired, is refused')
    t.notOk((await judge(makeDelivery({}, '{}'))).ok, 'nothing without its proof')
    t.match(
      await scheme.verify(genuine, [{ value: DECOY, expiresAt: null }, ...secrets], now),
      { ok: true, secretIndex: 1 },
      'the second secret is tried',
    )
    if (vector.verifyAt !== undefined && vector.source.scheme !== 'aws-sns') {
      const late = scheme.kind === 'jwt' ? TOKEN_LATE_MS : LATE_MS
      t.match(await scheme.verify(genuine, secrets, now + late), { reason: 'timestamp_out_of_range' })
      t.match(await scheme.verify(genuine, secrets, now - LATE_MS), { reason: 'timestamp_out_of_range' })
    }
  })
}

t.test('every preset has a vector', async t => {
  const tested = new Set(SIGNATURE_VECTORS.map(({ source }) => source.scheme))
  t.strictSame(
    listPresets().filter(name => !tested.has(name)),
    [],
  )
})
