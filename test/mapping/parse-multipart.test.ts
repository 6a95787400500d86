import fc from 'fast-check'
import t from 'tap'
import { FORM_PARTS_MAX, parseMultipart } from '../../src/mapping/parse-multipart.ts'
import { parsePayload } from '../../src/mapping/parse-payload.ts'

const TYPE = 'multipart/form-data; boundary=xyz'
const part = (head: string, value = '') => `--xyz\r\nContent-Disposition: form-data; ${head}\r\n\r\n${value}\r\n`
const parse = (body: string | Buffer, type = TYPE) => parseMultipart(Buffer.from(body), type)
const fieldsOf = (...parts: string[]) => {
  const parsed = parse(`${parts.join('')}--xyz--\r\n`)
  return parsed.ok ? parsed.fields : parsed.reason
}

t.test('what another implementation writes is read as it was meant, files named and measured', async t => {
  const form = new FormData()
  form.append('submissionID', '5512')
  form.append('rawRequest', '{"q3_name":"Zoë \\"Z\\" + 1.0"}')
  form.append('tag', 'a')
  form.append('tag', 'b\r\n--c')
  form.append('empty', '')
  form.append('__proto__', 'data')
  form.append('photo', new Blob([Buffer.from([0, 255, 13, 10, 45, 45])], { type: 'image/png' }), 'a;b.png')
  const request = new Request('http://127.0.0.1/', { method: 'POST', body: form })
  const parsed = parse(Buffer.from(await request.arrayBuffer()), request.headers.get('content-type')!)
  if (!parsed.ok) throw new Error(parsed.message)
  const { ['__proto__']: proto, ...fields } = parsed.fields
  t.strictSame(fields, {
    submissionID: '5512',
    rawRequest: '{"q3_name":"Zoë \\"Z\\" + 1.0"}',
    tag: ['a', 'b\r\n--c'],
    empty: '',
    photo: { fileName: 'a;b.png', contentType: 'image/png', bytes: 6 },
  })
  t.equal(proto, 'data')
  t.equal(({} as Record<string, unknown>).data, undefined, 'nothing is polluted')
})

t.test('any fields come back as they were written', async t => {
  let runs = 0
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.stringMatching(/^[a-z]{1,5}$/), fc.string({ unit: 'grapheme' }))),
      async pairs => {
        runs++
        const form = new FormData()
        for (const [name, value] of pairs) form.append(name, value)
        const request = new Request('http://127.0.0.1/', { method: 'POST', body: form })
        const parsed = parse(Buffer.from(await request.arrayBuffer()), request.headers.get('content-type')!)
        if (!parsed.ok) return false
        const values = Object.entries(parsed.fields).flatMap(([name, value]) =>
          (Array.isArray(value) ? value : [value]).map(each => `${name}=${String(each)}`),
        )
        // a form writes its line ends as CRLF
        const sent = pairs.map(([name, value]) => `${name}=${value.replace(/\r\n|\r|\n/g, '\r\n')}`)
        return JSON.stringify(values.sort()) === JSON.stringify(sent.sort())
      },
    ),
    { numRuns: 300 },
  )
  t.equal(runs, 300)
})

t.test('names are quoted or bare, with quotes in them escaped, and the case of a header does not count', async t => {
  t.strictSame(
    fieldsOf(
      part('name="a"', '1'),
      part('name=b', '2'),
      part('name="c\\"d\\\\"', '3'),
      part('name="e%22%0d%0A%41"', '4'),
    ),
    {
      a: '1',
      b: '2',
      'c"d\\': '3',
      'e"\r\n%41': '4',
    },
  )
  const lower =
    '--xyz\r\ncontent-disposition:form-data;name="a"\r\ncontent-type: text/plain; charset=UTF-8\r\n\r\n1\r\n'
  t.strictSame(fieldsOf(lower), { a: '1' })
  t.strictSame(fieldsOf(), {})
  const quoted = parse(
    '--a b\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--a b--',
    'multipart/form-data; boundary="a b"',
  )
  t.match(quoted, { ok: true, fields: { a: '1' } })
})

t.test('a form that is not made of closed, named parts is refused', async t => {
  const one = part('name="a"', '1')
  const refused: Readonly<Record<string, string>> = {
    empty: '',
    'text before the first part': `preamble\r\n${one}--xyz--`,
    'text after the last part': `${one}--xyz--\r\nepilogue`,
    'not closed': one,
    'closed by another boundary': `${one}--xy--`,
    'a longer boundary': `--xyzz\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--xyz--`,
    'line feeds alone': `${one}--xyz--`.replaceAll('\r\n', '\n'),
    'white space behind a boundary': `${one}--xyz \r\n${one.slice(7)}--xyz--`,
    'no head': '--xyz\r\n\r\n1\r\n--xyz--',
    'no end of the head': '--xyz\r\nContent-Disposition: form-data; name="a"\r\n--xyz--',
    'no disposition': '--xyz\r\nContent-Type: text/plain\r\n\r\n1\r\n--xyz--',
    'another disposition': `${one.replace('form-data', 'attachment')}--xyz--`,
    'no name': `${part('x="a"', '1')}--xyz--`,
    'two names': `${part('name="a"; name="b"', '1')}--xyz--`,
    'two dispositions': `${one.replace('\r\n\r\n', '\r\nContent-Disposition: form-data; name="b"\r\n\r\n')}--xyz--`,
    'a folded head': `${one.replace('; name', ';\r\n name')}--xyz--`,
    'an open quote': `${part('name="a', '1')}--xyz--`,
    'an encoded part': `${one.replace('\r\n\r\n', '\r\nContent-Transfer-Encoding: base64\r\n\r\n')}--xyz--`,
    'a head without end': `${part(`name="${'a'.repeat(9_000)}"`, '1')}--xyz--`,
  }
  for (const [why, body] of Object.entries(refused)) t.match(parse(body), { ok: false, reason: 'malformed_form' }, why)
  t.ok(parse(`${one}--xyz--`).ok, 'and one that is, is not')
})

t.test('text must be UTF-8', async t => {
  const raw = Buffer.concat([
    Buffer.from(part('name="a"')).subarray(0, -2),
    Buffer.from([0xff]),
    Buffer.from('\r\n--xyz--'),
  ])
  t.match(parse(raw), { ok: false, reason: 'invalid_utf8' })
  const latin = part('name="a"', 'x').replace('\r\n\r\n', '\r\nContent-Type: text/plain; charset=iso-8859-1\r\n\r\n')
  t.match(fieldsOf(latin), 'invalid_utf8')
})

t.test('one boundary must be said, and it is not guessed', async t => {
  const body = `${part('name="a"', '1')}--xyz--`
  for (const type of [
    'multipart/form-data',
    'multipart/form-data; boundary=',
    'multipart/form-data; boundary=xyz; boundary=abc',
    'multipart/form-data; boundary=abc; boundary=xyz',
    'multipart/form-data; boundary="x|z"; boundary=xyz',
    `multipart/form-data; boundary=${'x'.repeat(71)}`,
  ])
    t.match(parse(body, type), { ok: false, reason: 'malformed_form' }, type)
})

t.test(
  `a form has at most ${FORM_PARTS_MAX} parts, and a hostile one takes no longer than its length says`,
  async t => {
    const many = (count: number) => `${part('name="a"', '1').repeat(count)}--xyz--`
    t.ok(parse(many(FORM_PARTS_MAX)).ok)
    t.match(parse(many(FORM_PARTS_MAX + 1)), { ok: false, message: /more than 1000 parts/ })
    for (const filler of ['\r\n--xy', '--xyz\r\n', '\r\n--xyz\r\n', '"\\'.repeat(2)])
      t.notOk(parse(Buffer.from(`--xyz\r\n${filler.repeat(150_000)}`)).ok)
  },
)

t.test('any bytes are either parsed or refused', async t => {
  let runs = 0
  const piece = fc.constantFrom(
    '--xyz',
    '\r\n',
    '--',
    'Content-Disposition: form-data; name="a"',
    '\r\n\r\n',
    'x',
    '"',
    ';',
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 20 }), pieces => {
      runs++
      const parsed = parse(pieces.join(''))
      return parsed.ok || parsed.message.length > 0
    }),
    { numRuns: 2_000 },
  )
  t.equal(runs, 2_000)
})

t.test('a payload is read from a form with files as from one that is url-encoded', async t => {
  const read = (text: string, form: 'fields' | 'payload-field' | null) =>
    parsePayload(Buffer.from(text), TYPE, '', { depthMax: 4 }, form)
  const body = `${part('name="payload"', '{"a":1}')}${part('name="f"; filename="x"', 'y')}--xyz--`
  t.match(read(body, 'payload-field'), { ok: true, payload: { a: 1 } })
  t.match(read(body, 'fields'), { ok: true, payload: { payload: '{"a":1}', f: { fileName: 'x', bytes: 1 } } })
  t.match(read(body, null), { ok: false, reason: 'malformed_json' })
  const file = `${part('name="payload"; filename="p.json"', '{}')}--xyz--`
  t.match(read(file, 'payload-field'), { ok: false, message: 'the form field "payload" is a file' })
  t.match(read('--abc--', 'fields'), { ok: false, reason: 'malformed_form' })
})
