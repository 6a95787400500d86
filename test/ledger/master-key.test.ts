import { inspect } from 'node:util'
import t from 'tap'
import { parseMasterKey } from '../../src/ledger/master-key.ts'

const BYTES = Buffer.from(Array.from({ length: 32 }, (_, n) => (n * 37 + 251) % 256))

t.test('the same 32 bytes in hex, base64 and base64url are one key', t => {
  const texts = [
    BYTES.toString('hex'),
    BYTES.toString('hex').toUpperCase(),
    BYTES.toString('base64'),
    BYTES.toString('base64url'),
  ]
  t.match(texts[2], /[+/].*=$/, 'where the two alphabets differ')
  const keys = texts.map(text => parseMasterKey(text))
  for (const key of keys) t.ok(key?.key.export().equals(BYTES))
  t.equal(new Set(keys.map(key => key?.id)).size, 1)
  t.match(keys[0]!.id, /^[0-9a-f]{16}$/)
  t.not(parseMasterKey('ab'.repeat(32))!.id, keys[0]!.id)
  t.end()
})

t.test('anything else is no key', t => {
  const hex = BYTES.toString('hex')
  const url = BYTES.toString('base64url')
  const wrong = {
    empty: '',
    short: hex.slice(2),
    long: `${hex}00`,
    odd: hex.slice(1),
    'white space': `${hex} `,
    'a line break': `${url}\n`,
    'no hex': `${hex.slice(1)}g`,
    'base64url with padding': `${url}=`,
    'base64 without padding': BYTES.toString('base64').slice(0, -1),
    'both alphabets': `-${BYTES.toString('base64').slice(1)}`,
    // the last of 43 characters has two bits more than 32 bytes need
    'a second spelling': `${url.slice(0, -1)}${'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'['ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'.indexOf(url.at(-1)!) ^ 1]}`,
    'a passphrase': 'correct horse battery staple 123',
    '16 bytes': BYTES.subarray(16).toString('base64url'),
  }
  for (const [what, text] of Object.entries(wrong)) t.equal(parseMasterKey(text), null, what)
  t.end()
})

t.test('a key that is printed shows nothing', t => {
  const key = parseMasterKey(BYTES.toString('hex'))!
  const shown = `${inspect(key, { depth: 9, showHidden: true })} ${JSON.stringify(key)}`
  for (const encoding of ['hex', 'base64', 'base64url'] as const) t.notOk(shown.includes(BYTES.toString(encoding)))
  t.match(shown, key.id)
  t.end()
})
