import fc from 'fast-check'
import t from 'tap'
import { PAYLOAD_VALUES_MAX, type PayloadForm, parsePayload } from '../../src/mapping/parse-payload.ts'

const JSON_TYPE = 'application/json'
const FORM_TYPE = 'application/x-www-form-urlencoded'

function parse(
  body: string | Buffer,
  type: string | null = JSON_TYPE,
  query = '',
  form: PayloadForm = null,
  depthMax = 64,
) {
  return parsePayload(Buffer.isBuffer(body) ? body : Buffer.from(body), type, query, { depthMax }, form)
}

function refusal(body: string | Buffer, type: string | null = JSON_TYPE, form: PayloadForm = null): string {
  const parsed = parse(body, type, '', form)
  return parsed.ok ? 'ok' : `${parsed.reason}: ${parsed.message}`
}

t.test('any JSON that JSON.stringify writes is parsed to the same value', async t => {
  let runs = 0
  fc.assert(
    fc.property(fc.json(), text => {
      const parsed = parse(text)
      runs++
      return parsed.ok && JSON.stringify(parsed.payload) === JSON.stringify(JSON.parse(text))
    }),
    { numRuns: 500 },
  )
  t.equal(runs, 500)
})

t.test('any bytes are either parsed or refused with a reason', async t => {
  let runs = 0
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), bytes => {
      runs++
      const parsed = parse(Buffer.from(bytes))
      return parsed.ok || parsed.reason.length > 0
    }),
    { numRuns: 1_000 },
  )
  t.equal(runs, 1_000)
})

t.test('a byte order mark is tolerated', async t => {
  t.match(parse(Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from('{"a":1}')])), {
    ok: true,
    payload: { a: 1 },
  })
})

t.test('malformed JSON is refused without quoting it', async t => {
  for (const body of ['{"secret": tok_123}', '{', '[1,]', "{'a':1}", 'NaN', '{"a":1}{"b":2}', '01', '\u00a0{}']) {
    t.match(refusal(body), /^malformed_json/, body)
    t.notMatch(refusal(body), /tok_123/)
  }
})

t.test('invalid UTF-8 and lone surrogates are refused, never replaced', async t => {
  t.match(refusal(Buffer.from([0x22, 0xff, 0x22])), /^invalid_utf8/)
  t.match(refusal(Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22])), /^invalid_utf8/)
  t.match(refusal(Buffer.from([0x22, 0xc0, 0xaf, 0x22])), /^invalid_utf8/)
  t.match(refusal('{"a":"\\ud800"}'), /^invalid_text/)
  t.match(refusal('{"a":["\\uDC00x"]}'), /^invalid_text/)
  t.match(refusal('{"\\ud800":1}'), /^invalid_text/)
  t.match(parse('{"a":"\\ud83d\\ude00"}'), { ok: true, payload: { a: '😀' } })
  t.match(parse('{"a":"\\\\ud800"}'), { ok: true, payload: { a: '\\ud800' } })
})

t.test('depth is limited without recursion', async t => {
  const nested = (levels: number) => '['.repeat(levels) + ']'.repeat(levels)
  t.equal(refusal(nested(64)), 'ok')
  t.match(refusal(nested(65)), /^too_deep/)
  t.match(refusal(nested(500_000)), /^too_deep/)
  t.match(refusal(nested(2_000_000)), /^too_deep/)
  t.match(refusal(`${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`), /^too_deep/)
  t.match(refusal(`${'['.repeat(1_000_000)}"${']'.repeat(200_000)}"`), /^too_deep/)
  t.equal(refusal(`"${'[\\"'.repeat(600_000)}"`), 'ok', 'brackets inside a string are text')
})

t.test('a large payload has a million values at most, also inside a form field', async t => {
  const list = (values: number) => `[${'[],'.repeat(values)}[]]`
  t.equal(refusal(list(400_000)), 'ok')
  t.match(refusal(list(PAYLOAD_VALUES_MAX)), /^too_many_values/)
  t.match(refusal(`[${'1,'.repeat(PAYLOAD_VALUES_MAX)}1]`), /^too_many_values/)
  t.equal(refusal(`["${',[{'.repeat(1_000_000)}"]`), 'ok', 'inside a string they are text')
  const form = Buffer.from(`payload=${list(PAYLOAD_VALUES_MAX)}`)
  const parsed = parsePayload(form, 'application/x-www-form-urlencoded', '', { depthMax: 64 }, 'payload-field')
  t.match(parsed, { ok: false, reason: 'too_many_values' })
})

t.test('keys named like prototypes are data and pollute nothing', async t => {
  const parsed = parse('{"__proto__":{"x":1},"constructor":{"prototype":{"x":1}},"\\u005f_proto__":{"x":2}}')
  t.ok(parsed.ok)
  if (parsed.ok) t.strictSame(Object.keys(parsed.payload as object), ['__proto__', 'constructor'])
  t.equal(({} as { x?: unknown }).x, undefined)
})

t.test('numbers that lose precision are listed by JSON pointer', async t => {
  const lossy = (number: string) => {
    const parsed = parse(`{"a": [${number}]}`)
    return parsed.ok ? parsed.lossy : parsed.reason
  }
  const losing = [
    '1e400',
    '-1e400',
    '1e-400',
    '9007199254740993',
    '-9007199254740993',
    '12345678901234567890',
    '1234567890123456800',
    '0.12345678901234567890',
    '0.10000000000000000001',
    '123456789.123456789012',
    '1.7976931348623159e308',
  ]
  for (const number of losing) t.strictSame(lossy(number), ['/a/0'], number)
  const kept = [
    '0',
    '-0',
    '1',
    '-1.5',
    '0.1',
    '1e5',
    '1E-5',
    '9007199254740991',
    '9007199254740992',
    '1.50',
    '100e-2',
    '0.30000000000000004',
    '1.0000000000000000000',
    '1e23',
    '1.7976931348623157e308',
    '5e-324',
    '123456789012345',
    '0e0',
    '0.0000000000000000',
  ]
  for (const number of kept) t.equal(lossy(number), null, number)
  t.strictSame(parse('9007199254740993'), { ok: true, payload: 9007199254740992, lossy: [''] })
  t.match(
    parse('{"b~/c": 1e400, "d": {"e": [1, 2, 9007199254740993]}, "f": "9007199254740993", "g": ": 9007199254740993,"}'),
    {
      ok: true,
      lossy: ['/b~0~1c', '/d/e/2'],
    },
  )
  t.match(parse(`[${Array.from({ length: 1_001 }, () => '1e400').join()}]`), { ok: true, lossy: [''] })
})

t.test('a number is lossy exactly when its text does not come back', async t => {
  let runs = 0
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), number => {
      runs++
      const parsed = parse(JSON.stringify([number]))
      if (!parsed.ok) return false
      const isPlainId =
        Number.isInteger(number) && Math.abs(number) > Number.MAX_SAFE_INTEGER && Math.abs(number) < 1e21
      return parsed.lossy === null || (isPlainId && String(BigInt(number)) !== String(number))
    }),
    { numRuns: 1_000 },
  )
  fc.assert(
    fc.property(fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }), whole => {
      runs++
      const parsed = parse(`{"n":${whole}}`)
      return parsed.ok && (parsed.lossy !== null) === (BigInt(Number(whole)) !== whole)
    }),
    { numRuns: 1_000 },
  )
  t.equal(runs, 2_000)
})

t.test('a GitHub form delivery carries its JSON in the field payload', async t => {
  const body = `payload=${encodeURIComponent('{"a":"é +1"}')}&other=1`
  t.strictSame(parse(body, FORM_TYPE, '', 'payload-field'), { ok: true, payload: { a: 'é +1' }, lossy: null })
  t.strictSame(parse('{"a":1}', JSON_TYPE, '', 'payload-field'), { ok: true, payload: { a: 1 }, lossy: null })
  t.match(refusal('a=1', FORM_TYPE, 'payload-field'), /^malformed_json: the form has no field "payload"/)
  t.match(
    refusal('payload=1&payload=2', FORM_TYPE, 'payload-field'),
    /^malformed_json: the form field "payload" is repeated/,
  )
  t.match(refusal('payload=%22%5Cud800%22', FORM_TYPE, 'payload-field'), /^invalid_text/)
  t.match(refusal('payload=%FF', FORM_TYPE, 'payload-field'), /^invalid_utf8/)
})

t.test('flat forms become objects, repeated keys lists', async t => {
  const fields = (body: string) => {
    const parsed = parse(body, `${FORM_TYPE}; charset=UTF-8`, '', 'fields')
    return parsed.ok ? parsed.payload : parsed.reason
  }
  t.strictSame(fields('a=1&b=x+y%20z&a=2&c&=e&d=%zz&&f=%C3%A9'), {
    a: ['1', '2'],
    b: 'x y z',
    c: '',
    '': 'e',
    d: '%zz',
    f: 'é',
  })
  t.equal(fields('a=%ED%A0%80'), 'invalid_utf8')
  t.equal(JSON.stringify(fields('__proto__=1&constructor=2&__proto__=3')), '{"__proto__":["1","3"],"constructor":"2"}')
  t.match(refusal('a=1', FORM_TYPE), /^malformed_json/, 'a source that takes no forms')
})

t.test('an empty body gives the query, or is refused', async t => {
  t.strictSame(parse('', null, 'page_id=1&x=a%20b'), { ok: true, payload: { page_id: '1', x: 'a b' }, lossy: null })
  t.match(parse('', null, ''), { ok: false, reason: 'empty_body' })
  t.match(parse('', null, 'a=%FF'), { ok: false, reason: 'invalid_utf8' })
})

t.test('another charset than UTF-8 is refused unless the bytes are ASCII', async t => {
  t.equal(refusal('{}', 'application/json; charset="utf-8"'), 'ok')
  t.equal(refusal('{"a":"x"}', 'application/json; charset=ISO-8859-1'), 'ok')
  t.match(refusal('{"a":"é"}', 'application/json; charset=iso-8859-1'), /^unsupported_charset/)
  t.match(refusal('{}', 'application/json;charset=utf-16le'), /^unsupported_charset/)
})
