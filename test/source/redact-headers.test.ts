import t from 'tap'
import { headerMap, redactHeaders } from '../../src/source/redact-headers.ts'

t.test('credentials are struck out whatever their case, and the header the source names', async t => {
  const raw = [
    'Authorization',
    'a',
    'COOKIE',
    'b',
    'X-Api-Key',
    'c',
    'Proxy-Authorization',
    'd',
    'X-Gitlab-Token',
    'e',
    'X-Mine',
    'f',
    'X-Other',
    'g',
  ]
  const redacted = redactHeaders(raw, new Set(['x-mine']))
  t.strictSame(redacted, [
    'authorization',
    '[redacted]',
    'cookie',
    '[redacted]',
    'x-api-key',
    '[redacted]',
    'proxy-authorization',
    '[redacted]',
    'x-gitlab-token',
    '[redacted]',
    'x-mine',
    '[redacted]',
    'x-other',
    'g',
  ])
  t.equal(raw[1], 'a', 'the original is left alone')
  t.strictSame(redactHeaders(['authorization', 'a', 'Authorization', 'b'], new Set()), [
    'authorization',
    '[redacted]',
    'authorization',
    '[redacted]',
  ])
})

t.test('a map of headers has lower-case names, joins repeated ones, and inherits nothing', async t => {
  const map = headerMap(['X-A', '1', 'x-a', '2', '__proto__', 'p', 'constructor', 'c'])
  t.equal(map['x-a'], '1, 2')
  t.equal(map.constructor, 'c')
  t.equal(Object.getPrototypeOf(map), null)
  t.ok(Object.hasOwn(map, '__proto__'))
  t.notOk('toString' in map)
})
