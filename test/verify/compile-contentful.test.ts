import { createHmac } from 'node:crypto'
import t from 'tap'
import { compileScheme } from '../../src/verify/compile-scheme.ts'
import { makeDelivery } from '../fixtures/make-delivery.ts'

const NOW = 1_767_225_600_000
const SECRET = 'p4ra7n2jwvBprCaxnWK_PXMnn4Y7CiKUfvRRNEwYHUGaKR7y2ZsXcZG9lnE1TpZp'
const SECRETS = [{ value: SECRET, expiresAt: null }]
const scheme = compileScheme({ kind: 'contentful' }, { url: 'https://bridge.example/hooks/contentful' })
const LIST = 'content-type,x-contentful-signed-headers,x-contentful-timestamp,x-contentful-topic'

/** Signs by the documented formula: method, path, headers in the order of the list, body. */
function send(list = LIST, change: Record<string, string | string[]> = {}, now = NOW) {
  const headers: Record<string, string> = {
    'content-type': 'application/json; charset=utf-8',
    'x-contentful-signed-headers': list,
    'x-contentful-timestamp': String(NOW),
    'x-contentful-topic': 'ContentManagement.Entry.publish',
  }
  const lines = list
    .split(',')
    .map(name => `${name.toLowerCase()}:${headers[name.toLowerCase()]}`)
    .join(';')
  const text = `POST\n/hooks/contentful\n${lines}\n{"a":1}`
  const signature = createHmac('sha256', SECRET).update(text).digest('hex')
  const delivery = makeDelivery({ ...headers, 'x-contentful-signature': signature, ...change }, '{"a":1}')
  return scheme.verify(delivery, SECRETS, now)
}

t.test('the headers that the delivery lists are signed, and those that count must be among them', async t => {
  t.match(send(), { ok: true, signedAt: NOW, replayKey: /./ })
  t.match(send('X-Contentful-Topic,X-Contentful-Timestamp,X-Contentful-Signed-Headers'), { ok: true }, 'in any order')
  for (const missing of ['x-contentful-signed-headers', 'x-contentful-timestamp', 'x-contentful-topic'])
    t.match(
      send(
        LIST.split(',')
          .filter(name => name !== missing)
          .join(','),
      ),
      { reason: 'signature_malformed' },
      missing,
    )
  t.match(send(`${LIST},${LIST}`), { reason: 'signature_malformed' }, 'a header listed twice')
  t.match(send(`${LIST},x-absent`), { reason: 'signature_malformed' }, 'a header that is not there')
  t.match(send(`${LIST},a b`), { reason: 'signature_malformed' })
})

t.test('a signed header that is changed, repeated or left out is refused', async t => {
  t.match(send(LIST, { 'x-contentful-topic': 'ContentManagement.Entry.delete' }), { reason: 'signature_mismatch' })
  t.match(send(LIST, { 'x-contentful-timestamp': String(NOW + 1) }), { reason: 'signature_mismatch' })
  t.match(send(LIST, { 'x-contentful-topic': ['a', 'a'] }), { reason: 'signature_ambiguous' })
  t.match(send(LIST, { 'x-contentful-signature': '' }), { reason: 'signature_missing' })
  t.match(send(LIST, { 'x-contentful-timestamp': '' }), { reason: 'timestamp_missing' })
  t.match(send(LIST, { 'x-contentful-timestamp': '1767225600' }), { reason: 'timestamp_malformed' })
  t.match(send(LIST, {}, NOW + 301_000), { reason: 'timestamp_out_of_range' })
})

t.test('one of several signatures may match', async t => {
  const wrong = '0'.repeat(64)
  const right = createHmac('sha256', SECRET)
    .update(
      `POST\n/hooks/contentful\ncontent-type:application/json; charset=utf-8;x-contentful-signed-headers:${LIST};x-contentful-timestamp:${NOW};x-contentful-topic:ContentManagement.Entry.publish\n{"a":1}`,
    )
    .digest('hex')
  t.match(send(LIST, { 'x-contentful-signature': `${wrong} ${right}` }), { ok: true })
  t.match(send(LIST, { 'x-contentful-signature': `${`${wrong} `.repeat(10)}${right}` }), {
    reason: 'signature_malformed',
  })
  t.match(send(LIST, { 'x-contentful-signature': `${wrong},${right}` }), { reason: 'signature_malformed' })
})

t.test('without its URL the scheme does not compile', async t => {
  t.throws(() => compileScheme({ kind: 'contentful' }, {}), { code: 'config_invalid' })
})
