import t from 'tap'
import { compileScheme } from '../../src/verify/compile-scheme.ts'
import { signDelivery } from '../../src/verify/sign-delivery.ts'
import { makeDelivery } from '../fixtures/make-delivery.ts'

const NOW = 1_767_225_600_000
const KEY = '44782DEF547AAA06C910C43932B1EB0C71FC68D9D0C057550C48EC2ACF6BA056'
const OTHER = `00${KEY.slice(2)}`
const scheme = compileScheme({ kind: 'adyen-payments' }, {})
const judge = (body: Buffer | string, ...keys: string[]) =>
  scheme.verify(
    makeDelivery({}, body),
    (keys.length === 0 ? [KEY] : keys).map(value => ({ value, expiresAt: null })),
    NOW,
  )

const item = (change: object = {}) => ({
  NotificationRequestItem: {
    pspReference: '7914073381342284',
    merchantAccountCode: 'TestMerchant',
    merchantReference: 'order',
    amount: { value: 1130, currency: 'EUR' },
    eventCode: 'AUTHORISATION',
    success: 'true',
    ...change,
  },
})
const sign = (items: readonly unknown[], key = KEY) =>
  signDelivery(scheme, { body: Buffer.from(JSON.stringify({ live: 'false', notificationItems: items })) }, key, NOW)
    .body

t.test('every item of a delivery must be signed', async t => {
  const [first, second] = [item(), item({ eventCode: 'CAPTURE', success: false, merchantReference: '' })]
  t.match(judge(sign([first, second])), { ok: true, secretIndex: 0 })
  t.match(judge(sign([first, second]), OTHER, KEY), { ok: true, secretIndex: 1 })
  const right = JSON.parse(String(sign([first])))
  const wrong = JSON.parse(String(sign([second], OTHER)))
  const mixed = { notificationItems: [...right.notificationItems, ...wrong.notificationItems] }
  t.match(judge(JSON.stringify(mixed)), { reason: 'signature_mismatch' }, 'one of two')
  t.match(judge(JSON.stringify(mixed), KEY, OTHER), { reason: 'signature_mismatch' }, 'nor with a key for each')
  mixed.notificationItems[1] = item()
  t.match(judge(JSON.stringify(mixed)), { reason: 'signature_missing' })
})

t.test('only what can be cut in one way is taken', async t => {
  t.match(judge(sign([item({ merchantReference: 'a:b:1' })])), { ok: true }, "the merchant's own reference is free")
  for (const change of [
    { pspReference: 'a:b' },
    { merchantAccountCode: 'a:b' },
    { eventCode: 'a:b' },
    { amount: { value: 1.5, currency: 'EUR' } },
    { amount: { value: 1130, currency: 'EURO' } },
    { success: 'yes' },
    { originalReference: ':' },
    { pspReference: { a: 1 } },
  ])
    t.throws(() => sign([item(change)]), { code: 'config_invalid' }, JSON.stringify(change))
})

t.test('a body without items, or with too many, is refused', async t => {
  const signed = JSON.parse(String(sign([item()]))).notificationItems
  for (const body of [
    '',
    '{}',
    '[]',
    '{"notificationItems":[]}',
    '{"notificationItems":{}}',
    '{"notificationItems":[null]}',
  ])
    t.match(judge(body), { ok: false }, body)
  t.notOk(judge(JSON.stringify({ notificationItems: Array(101).fill(signed[0]) })).ok)
  t.ok(judge(JSON.stringify({ notificationItems: Array(100).fill(signed[0]) })).ok)
})
