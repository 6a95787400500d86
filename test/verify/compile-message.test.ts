import { createHmac, hash } from 'node:crypto'
import fc from 'fast-check'
import t from 'tap'
import { isDigestOf } from '../../src/verify/check-digest.ts'
import { readSignatureInputs, readSignatures } from '../../src/verify/signature-input.ts'
import { compileSource } from '../fixtures/compile-source.ts'
import { makeKeys } from '../fixtures/complete-preset.ts'
import { makeDelivery } from '../fixtures/make-delivery.ts'
import { SIGNATURE_VECTORS } from '../fixtures/signature-vectors.ts'

const NOW = 1_767_225_600_000
const SEC = NOW / 1_000
const SECRET = 'a-shared-secret-0123456789'
const SECRETS = [{ value: SECRET, expiresAt: null }]
const SOURCE = { scheme: 'http-message-signature', algorithm: 'hmac-sha256', url: 'https://hooks.example.com/hooks/it' }
const BODY = '{"text":"é 1.0"}'
const DIGEST = `sha-256=:${hash('sha256', BODY, 'base64')}:`
const LINES = { '"@method"': 'POST', '"content-digest"': DIGEST }

/** Signs by hand: lines as RFC 9421 2.5 says, and what the signature says of itself. */
function signByHand(
  lines: Readonly<Record<string, string>>,
  parameters: string,
  label = 'sig1',
): Record<string, string> {
  const input = `(${Object.keys(lines).join(' ')})${parameters}`
  const base = [...Object.entries(lines).map(([name, value]) => `${name}: ${value}`), `"@signature-params": ${input}`]
  const signature = createHmac('sha256', SECRET).update(base.join('\n')).digest('base64')
  return { 'signature-input': `${label}=${input}`, signature: `${label}=:${signature}:`, 'content-digest': DIGEST }
}

function judge(
  headers: Record<string, string | string[]>,
  { source = {}, body = BODY, query = '', method = 'POST' } = {},
) {
  const delivery = { ...makeDelivery(headers, body, method), query }
  return compileSource({ ...SOURCE, ...source }).verify(delivery, SECRETS, NOW)
}
const created = `;created=${SEC}`

t.test('method, body and time must be signed, and the digest is computed anew', async t => {
  t.match(judge(signByHand(LINES, created)), { ok: true, secretIndex: 0, signedAt: NOW, replayKey: /^[0-9a-f]{64}$/ })
  t.match(judge(signByHand(LINES, created), { body: `${BODY} ` }), { reason: 'signature_mismatch' })
  t.match(judge(signByHand(LINES, created), { method: 'PUT' }), { reason: 'signature_mismatch' })
  const { '"@method"': method, ...noMethod } = LINES
  t.match(judge(signByHand(noMethod, created)), { reason: 'signature_malformed' })
  t.match(judge(signByHand({ '"@method"': method }, created)), { reason: 'signature_malformed' })
  t.match(judge(signByHand({ ...LINES, '"content-digest";req': DIGEST }, created)), { reason: 'signature_malformed' })
  t.match(judge(signByHand(LINES, '')), { reason: 'timestamp_missing' })
  t.match(judge(signByHand(LINES, ''), { source: { tolerance: 'off' } }), { ok: true, signedAt: null, replayKey: null })
  t.match(judge({}), { reason: 'signature_missing' })
})

t.test('the vectors of the RFC that do not sign the body are refused unless the source says so', async t => {
  for (const name of ['B.2.1', 'B.2.5', 'B.2.6']) {
    const vector = SIGNATURE_VECTORS.find(vector => vector.name.endsWith(name))!
    const { components, ...source } = vector.source
    const scheme = compileSource({ ...source, url: 'https://example.com/foo' })
    const secrets = [{ value: vector.secret, expiresAt: null }]
    const delivery = makeDelivery(vector.headers, vector.body)
    t.match(scheme.verify(delivery, secrets, vector.verifyAt!), { reason: 'signature_malformed' }, name)
    t.notOk(compileSource(vector.source).bindsBody)
    t.ok(Array.isArray(components))
  }
})

t.test('times: not too old, not from the future, not expired', async t => {
  for (const [parameters, reason] of [
    [`;created=${SEC - 301}`, 'timestamp_out_of_range'],
    [`;created=${SEC + 301}`, 'timestamp_out_of_range'],
    [`${created};expires=${SEC}`, 'timestamp_out_of_range'],
    [`${created};expires=0`, 'timestamp_malformed'],
    [';created="1767225600"', 'timestamp_malformed'],
    [';created=-1', 'timestamp_malformed'],
    [';created', 'timestamp_malformed'],
    [';created=1767225600.5', 'signature_malformed'],
  ] as const)
    t.match(judge(signByHand(LINES, parameters)), { reason }, parameters)
  t.match(judge(signByHand(LINES, `${created};expires=${SEC + 1}`)), { ok: true })
})

t.test('the algorithm is the one configured; a message may repeat it, not choose it', async t => {
  t.match(judge(signByHand(LINES, `${created};alg="hmac-sha256"`)), { ok: true })
  for (const alg of ['"rsa-v1_5-sha256"', '"HMAC-SHA256"', '"none"', 'hmac-sha512', '"hs2019"', '""'])
    t.match(judge(signByHand(LINES, `${created};alg=${alg}`)), { reason: 'signature_malformed' }, alg)
  const { publicKey } = makeKeys('rsa')
  t.throws(() => compileSource({ ...SOURCE, algorithm: 'none' }), /one of hmac-sha256/)
  const rsa = compileSource({ ...SOURCE, algorithm: 'rsa-v1_5-sha256' })
  const forged = signByHand(LINES, created)
  t.match(rsa.verify(makeDelivery(forged, BODY), [{ value: publicKey, expiresAt: null }], NOW), { ok: false })
})

t.test('one signature counts: the only one, or the one that the source names', async t => {
  const ours = signByHand(LINES, `${created};tag="bridge"`, 'ours')
  const proxy = signByHand({ '"@method"': 'POST' }, created, 'proxy')
  const both = {
    'content-digest': DIGEST,
    'signature-input': `${proxy['signature-input']}, ${ours['signature-input']}`,
    signature: `${proxy.signature}, ${ours.signature}`,
  }
  t.match(judge(both), { reason: 'signature_ambiguous' })
  t.match(judge(both, { source: { label: 'ours' } }), { ok: true })
  t.match(judge(both, { source: { tag: 'bridge' } }), { ok: true })
  t.match(judge(both, { source: { label: 'proxy' } }), { reason: 'signature_malformed' })
  t.match(judge(both, { source: { tag: 'other' } }), { reason: 'signature_missing' })
  t.match(judge(both, { source: { label: 'none' } }), { reason: 'signature_missing' })
  const swapped = { ...both, signature: `ours=${proxy.signature!.slice(6)}, proxy=${ours.signature!.slice(5)}` }
  t.match(judge(swapped, { source: { label: 'ours' } }), { reason: 'signature_mismatch' })
})

t.test('repeated headers are refused, or are signed as one', async t => {
  const headers = signByHand(LINES, created)
  for (const name of ['signature', 'signature-input', 'content-digest'])
    t.not(judge({ ...headers, [name]: [headers[name]!, headers[name]!] }).ok, true, name)
  const signed = signByHand({ ...LINES, '"x-event"': 'a, b' }, created)
  t.match(judge({ ...signed, 'x-event': ['a', 'b'] }), { ok: true })
  t.match(judge({ ...signed, 'x-event': ['b', 'a'] }), { reason: 'signature_mismatch' })
  t.match(judge(signed), { reason: 'signature_malformed' }, 'a signed header that does not come')
})

t.test('host and path are those of the configured URL, the query is that of the request', async t => {
  const lines = {
    ...LINES,
    '"@authority"': 'hooks.example.com',
    '"@scheme"': 'https',
    '"@path"': '/hooks/it',
    '"@target-uri"': 'https://hooks.example.com/hooks/it?a=b%20c&d=%C3%A9',
    '"@request-target"': '/hooks/it?a=b%20c&d=%C3%A9',
    '"@query"': '?a=b%20c&d=%C3%A9',
    '"@query-param";name="d"': '%C3%A9',
  }
  const query = 'a=b%20c&d=%C3%A9'
  const headers = signByHand(lines, created)
  t.match(judge(headers, { query }), { ok: true })
  t.match(judge({ ...headers, host: 'evil.example' }, { query }), { ok: true }, 'Host says nothing')
  t.match(judge(headers, { query: 'a=b%20c&d=%C3%A8' }), { reason: 'signature_mismatch' })
  t.match(judge(headers, { query: `${query}&d=x` }), { reason: 'signature_malformed' }, 'a parameter that comes twice')
  t.match(judge(headers, { query, source: { url: 'https://other.example/hooks/it' } }), {
    reason: 'signature_mismatch',
  })
  t.match(judge(headers, { query, source: { url: undefined } }), { reason: 'signature_malformed' })
  t.throws(() => compileSource({ ...SOURCE, url: undefined, components: ['@path'] }), /the public URL/)
  for (const name of ['"@status"', '"@unknown"', '"Content-Type"', '"x";sf', '"x";bs', '"x";key="a"', '"@query-param"'])
    t.match(
      judge({ ...signByHand({ ...LINES, [name]: '200' }, created), x: '200' }),
      { reason: 'signature_malformed' },
      name,
    )
})

t.test('only one spelling of what a signature says is taken', async t => {
  const good = '("@method" "content-digest");created=1;keyid="a\\"b";nonce="n";x=?1;y=:AA==:;z=tok'
  t.match(readSignatureInputs(`a=${good}`), [{ label: 'a', text: good, components: [{ name: '@method' }, {}] }])
  t.match(readSignatureInputs(`a=(), b=${good}`), [{ components: [] }, { label: 'b' }])
  for (const bad of [
    '',
    'a',
    'a=',
    'a=(',
    'a=()x',
    'a=( "x")',
    'a=("x" )',
    'a=("x"  "y")',
    'a=("x""y")',
    'a=("x" "x")',
    'a=("x);created=1',
    'a=("x"); created=1',
    'a=();created=1;created=2',
    'a=();created=1,',
    'a=(),a=()',
    'A=()',
    'a=(x)',
    'a=("é")',
    'a=();k="\\n"',
    `a=(${Array.from({ length: 33 }, (_, i) => `"x${i}"`).join(' ')})`,
    Array.from({ length: 11 }, (_, i) => `a${i}=()`).join(','),
  ])
    t.equal(readSignatureInputs(bad), null, bad.slice(0, 40))
  t.strictSame(
    [...readSignatures('a=:AAAA:, b=:BBBB:')!],
    [
      ['a', 'AAAA'],
      ['b', 'BBBB'],
    ],
  )
  for (const bad of ['', 'a=AAAA', 'a=:AAAA', 'a=:AAAA:;x', 'a=:AAAA:,a=:AAAA:', 'a=:A A:', ',', 'a=:AAAA:,'])
    t.equal(readSignatures(bad), null, bad)
})

t.test('hostile headers are read in linear time', async t => {
  for (const text of [
    `a=(${'"x";a'.repeat(1_000)}`,
    `a=("${'\\"'.repeat(2_000)}`,
    `a=()${';a'.repeat(3_000)}=`,
    `a=(${'"a" '.repeat(1_500)}`,
  ])
    t.equal(readSignatureInputs(text), null)
})

t.test('a digest of the body must be of SHA-256 or SHA-512, and every one must be right', async t => {
  const body = Buffer.from(BODY)
  const [sha256, sha512] = [hash('sha256', body, 'base64'), hash('sha512', body, 'base64')]
  const other = hash('sha256', 'x', 'base64')
  for (const value of [`sha-256=:${sha256}:`, `sha-512=:${sha512}:`, `md5=:AAAA:, sha-256=:${sha256}:`])
    t.ok(isDigestOf(value, body, 'content-digest'), value)
  for (const value of [
    `sha-256=:${other}:`,
    `sha-512=:${sha512}:, sha-256=:${other}:`,
    `sha-256=${sha256}`,
    `SHA-256=:${sha256}:`,
    `sha-256=:${sha256.replace(/=$/, '')}:`,
    `sha-256=:${sha512}:`,
    'md5=:AAAA:',
    '',
  ])
    t.notOk(isDigestOf(value, body, 'content-digest'), value)
  t.ok(isDigestOf(`SHA-256=${sha256}`, body, 'digest'))
  t.ok(isDigestOf(`sha-512=${sha512}`, body, 'digest'))
  t.notOk(isDigestOf(`sha-256=:${sha256}:`, body, 'digest'))
})

const DATE = 'Thu, 01 Jan 2026 00:00:00 GMT'
function signDraft(lines: Readonly<Record<string, string>>, extra = ''): Record<string, string> {
  const content = Object.entries(lines).map(([name, value]) => `${name}: ${value}`)
  const signature = createHmac('sha256', SECRET).update(content.join('\n')).digest('base64')
  const names = Object.keys(lines).join(' ')
  return {
    date: DATE,
    digest: `SHA-256=${hash('sha256', BODY, 'base64')}`,
    signature: `keyId="k",${extra}headers="${names}",signature="${signature}"`,
  }
}

t.test('the draft: date and digest must be signed, or what the source says', async t => {
  const source = { draft: 'cavage' }
  const digest = `SHA-256=${hash('sha256', BODY, 'base64')}`
  const lines = { date: DATE, digest }
  t.match(judge(signDraft(lines), { source }), { ok: true, signedAt: NOW })
  t.match(judge(signDraft(lines, 'algorithm="hs2019",'), { source }), { ok: true })
  for (const alg of ['rsa-sha256', 'HMAC-SHA256', 'hmac-sha1', ''])
    t.match(judge(signDraft(lines, `algorithm="${alg}",`), { source }), { reason: 'signature_malformed' }, alg)
  t.match(judge(signDraft(lines), { source, body: `${BODY} ` }), { reason: 'signature_mismatch' })
  t.match(judge(signDraft({ date: DATE }), { source }), { reason: 'signature_malformed' })
  t.match(judge(signDraft({ digest }), { source }), { reason: 'signature_malformed' })
  t.match(judge({ ...signDraft(lines), date: 'Thu, 01 Jan 2026 00:00:01 GMT' }, { source }), {
    reason: 'signature_mismatch',
  })
  for (const date of [
    '2026-01-01T00:00:00Z',
    'Fri, 01 Jan 2026 00:00:00 GMT',
    'Thu, 32 Jan 2026 00:00:00 GMT',
    '1767225600',
  ])
    t.match(judge({ ...signDraft({ date, digest }), date }, { source }), { reason: 'timestamp_malformed' }, date)
  const old = 'Wed, 31 Dec 2025 23:54:59 GMT'
  t.match(judge({ ...signDraft({ date: old, digest }), date: old }, { source }), { reason: 'timestamp_out_of_range' })

  const target = { source: { draft: 'cavage', components: ['(request-target)', '(created)', 'digest'] }, query: 'a=1' }
  const more = { '(request-target)': 'post /hooks/it?a=1', '(created)': String(SEC), digest }
  t.match(judge(signDraft(more, `created=${SEC},`), target), { ok: true, signedAt: NOW })
  t.match(judge(signDraft(more, `created=${SEC},`), { ...target, query: 'a=2' }), { reason: 'signature_mismatch' })
  t.match(judge(signDraft(more), target), { reason: 'signature_malformed' })
  const ends = { ...more, '(expires)': String(SEC) }
  t.match(judge(signDraft(ends, `created=${SEC},expires=${SEC},`), target), { reason: 'timestamp_out_of_range' })
  for (const signature of [
    '',
    'x',
    'keyId="k"',
    'signature="AAAA",',
    'a="b",signature="AAAA"',
    'signature="AAAA",signature="AAAA"',
  ])
    t.notOk(judge({ ...signDraft(lines), signature }, { source }).ok, signature)
})

t.test('what send signs verifies with every algorithm, and by no other key', async t => {
  const keys = { rsa: makeKeys('rsa'), p256: makeKeys('p256'), ed25519: makeKeys('ed25519') }
  const shared = { publicKey: SECRET, privateKey: SECRET }
  for (const [algorithm, { publicKey, privateKey }] of [
    ['hmac-sha256', shared],
    ['rsa-pss-sha512', keys.rsa],
    ['rsa-v1_5-sha256', keys.rsa],
    ['ecdsa-p256-sha256', keys.p256],
    ['ed25519', keys.ed25519],
  ] as const) {
    for (const more of [{}, { draft: 'cavage' }, { label: 'x', tag: 'a "b"' }]) {
      const source = { ...SOURCE, algorithm, ...more }
      const scheme = compileSource(source)
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 99 }), bytes => {
          const body = Buffer.from(bytes)
          const delivery = makeDelivery(scheme.sign({ body }, privateKey, NOW), body)
          const { ok } = scheme.verify(delivery, [{ value: publicKey, expiresAt: null }], NOW)
          return (
            ok &&
            !scheme.verify(
              { ...delivery, body: Buffer.concat([body, body, Buffer.from('x')]) },
              [{ value: publicKey, expiresAt: null }],
              NOW,
            ).ok
          )
        }),
        { numRuns: 20 },
      )
    }
    t.throws(() => compileSource({ ...SOURCE, algorithm }).sign({ body: Buffer.from('') }, ' ', NOW), {
      code: 'config_invalid',
    })
  }
})
