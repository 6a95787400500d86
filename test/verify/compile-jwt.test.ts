import { hash } from 'node:crypto'
import fc from 'fast-check'
import { SignJWT } from 'jose'
import t from 'tap'
import { createKeySet } from '../../src/verify/key-set.ts'
import type { Scheme } from '../../src/verify/scheme.ts'
import type { Verification } from '../../src/verify/verification.ts'
import { compileAnySource } from '../fixtures/compile-source.ts'
import { makeDelivery } from '../fixtures/make-delivery.ts'
import { keySetOf, makeHmacToken, makeIssuer, makeToken } from '../fixtures/make-token.ts'

const NOW = 1_767_225_600_000
const SEC = NOW / 1_000
const issuer = makeIssuer('key-1')
const stranger = makeIssuer('key-1')
const SECRETS = [{ value: keySetOf(issuer), expiresAt: null }]
const SOURCE = {
  scheme: 'github-actions',
  audience: 'bridge',
  claims: { repository_id: '1', ref: ['refs/heads/main', 'refs/heads/next'] },
  secrets: ['file:keys'],
}
const CLAIMS = {
  iss: 'https://token.actions.githubusercontent.com',
  aud: 'bridge',
  sub: 'repo:o/r:ref:refs/heads/main',
  repository_id: '1',
  ref: 'refs/heads/main',
  jti: 'token-1',
  iat: SEC,
  nbf: SEC - 300,
  exp: SEC + 300,
}

const judgeWith =
  (scheme: Scheme) =>
  async (token: string, body: string | Buffer = '{}'): Promise<Verification> =>
    scheme.verify(makeDelivery({ authorization: `Bearer ${token}` }, body), SECRETS, NOW)
const judge = judgeWith(compileAnySource(SOURCE))
const without = (name: string): object => Object.fromEntries(Object.entries(CLAIMS).filter(([key]) => key !== name))

t.test('a token of the issuer for this source is accepted, before the body is read', async t => {
  const scheme = compileAnySource(SOURCE)
  t.match(scheme, { isAsync: true, headersOnly: true, bindsBody: false, unsigned: false })
  const expected = { ok: true, secretIndex: 0, signedAt: NOW, replayKey: null } as const
  t.same(await judge(makeToken(issuer, CLAIMS)), expected)
  if (scheme.isAsync !== true || !scheme.headersOnly) throw new Error('expected a scheme decided by the headers')
  const { body: _, ...head } = makeDelivery({ authorization: `bearer ${makeToken(issuer, CLAIMS)}` })
  t.same(await scheme.verifyHead(head, SECRETS, NOW), expected, 'the word may be in any case (RFC 9110)')
  t.match(await judge(makeToken(issuer, { ...CLAIMS, aud: ['other', 'bridge'] })), { ok: true })
  t.match(await judge(makeToken(issuer, { ...CLAIMS, ref: 'refs/heads/next' })), { ok: true })
  t.match(await judge(makeToken(issuer, without('nbf'))), { ok: true })
})

t.test('a token that jose signs is accepted with every algorithm that may be configured', async t => {
  for (const alg of ['RS256', 'RS512', 'PS256', 'PS384', 'ES256', 'ES384', 'ES512', 'EdDSA'] as const) {
    const { generateKeyPair, exportSPKI } = await import('jose')
    const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true })
    const token = await new SignJWT({ who: 'me' })
      .setProtectedHeader({ alg })
      .setIssuer('i')
      .setAudience('a')
      .setIssuedAt(SEC)
      .setExpirationTime(SEC + 60)
      .sign(privateKey)
    const source = { scheme: 'jwt', algorithm: alg, issuer: 'i', audience: 'a', secrets: ['file:k'] }
    const secrets = [{ value: await exportSPKI(publicKey), expiresAt: null }]
    const delivery = makeDelivery({ authorization: `Bearer ${token}` })
    t.match(await compileAnySource(source).verify(delivery, secrets, NOW), { ok: true }, alg)
    const other = alg === 'RS256' ? 'RS384' : 'RS256'
    t.match(await compileAnySource({ ...source, algorithm: other }).verify(delivery, secrets, NOW), { ok: false }, alg)
  }
})

t.test('T028 no spelling of "none" is an algorithm', async t => {
  const [head, claims] = makeToken(issuer, CLAIMS).split('.')
  const encode = (alg: unknown) => Buffer.from(JSON.stringify({ alg, kid: 'key-1' })).toString('base64url')
  for (const alg of ['none', 'None', 'nOnE', 'NONE', '', null, undefined, ['RS256'], 'rs256', 'RS256 ', 'HS256'])
    for (const signature of ['', makeToken(issuer, CLAIMS).split('.')[2]])
      t.match(await judge(`${encode(alg)}.${claims}.${signature}`), { reason: 'signature_malformed' }, String(alg))
  for (const token of [`${head}.${claims}.`, `${head}.${claims}`, `${head}..`, '', '..', 'x', `${head}.${claims}.a.b`])
    t.match(await judge(token), { ok: false }, token.slice(-9))
})

t.test('T029 a public key is never the secret of an HMAC', async t => {
  for (const key of [
    issuer.publicPem,
    issuer.publicPem.trim(),
    JSON.stringify(issuer.jwk),
    keySetOf(issuer),
    issuer.jwk.n!,
  ])
    for (const header of [{}, { kid: 'key-1' }, { alg: 'RS256', kid: 'key-1' }])
      t.match(await judge(makeHmacToken(key, CLAIMS, header)), { ok: false })
  const hmac = { scheme: 'jwt', algorithm: 'HS256', issuer: 'i', audience: 'a', secrets: ['env:S'] }
  t.throws(() => compileAnySource(hmac, { secrets: [{ value: issuer.publicPem, expiresAt: null }] }), {
    code: 'config_invalid',
    message: /never a public key/,
  })
  t.throws(() => compileAnySource({ ...hmac, secrets: undefined, jwks: 'https://a.example/' }), /no jwks/)
})

t.test('T030 an unknown key is refused, whatever its name', async t => {
  for (const kid of ['key-2', '../../etc/passwd', "' OR 1=1--", '__proto__', ''])
    t.match(await judge(makeToken({ ...issuer, kid }, CLAIMS)), { reason: 'signature_mismatch' }, kid)
  for (const kid of ['k'.repeat(10_000), 'k'.repeat(257), 7, null, ['key-1']])
    t.match(await judge(makeToken(issuer, CLAIMS, { kid })), { reason: 'signature_malformed' })
  t.match(await judge(makeToken(issuer, CLAIMS, { kid: undefined })), { ok: true }, 'a token may name none')
})

t.test('T031 keys and addresses in a token are ignored', async t => {
  const header = { jku: 'http://127.0.0.1:9/', x5u: 'http://127.0.0.1:9/', jwk: stranger.jwk, x5c: ['MII'] }
  t.match(await judge(makeToken(stranger, CLAIMS, header)), { reason: 'signature_mismatch' })
  t.match(await judge(makeToken(issuer, CLAIMS, header)), { ok: true })
})

t.test('T032 nothing critical, unencoded or compressed is taken', async t => {
  for (const header of [{ crit: ['exp'] }, { crit: [] }, { crit: ['b64'], b64: false }, { b64: false }, { zip: 'DEF' }])
    t.match(await judge(makeToken(issuer, CLAIMS, header)), { reason: 'signature_malformed' }, JSON.stringify(header))
  const encrypted = Buffer.from('{"alg":"PBES2-HS256+A128KW","enc":"A128GCM","p2c":2147483648}').toString('base64url')
  t.match(await judge(`${encrypted}.a.b.c.d`), { reason: 'signature_malformed' })
  t.match(await judge(`${makeToken(issuer, { ...CLAIMS, pad: 'x'.repeat(9_000) })}`), { reason: 'signature_malformed' })
})

t.test('T033 issuer, audience, claims and times must be right', async t => {
  const cases: readonly (readonly [string, object, string])[] = [
    ['another issuer', { ...CLAIMS, iss: 'https://evil.example' }, 'claims_mismatch'],
    ['an issuer that begins alike', { ...CLAIMS, iss: `${CLAIMS.iss}/evil` }, 'claims_mismatch'],
    ['no issuer', without('iss'), 'claims_mismatch'],
    ['another audience', { ...CLAIMS, aud: 'bridge2' }, 'claims_mismatch'],
    ['an audience that is no text', { ...CLAIMS, aud: { bridge: 1 } }, 'claims_mismatch'],
    ['no audience', without('aud'), 'claims_mismatch'],
    ['another repository', { ...CLAIMS, repository_id: '11' }, 'claims_mismatch'],
    ['a repository in a list', { ...CLAIMS, repository_id: ['1'] }, 'claims_mismatch'],
    ['no repository', without('repository_id'), 'claims_mismatch'],
    ['another branch', { ...CLAIMS, ref: 'refs/heads/main2' }, 'claims_mismatch'],
    ['an expired one', { ...CLAIMS, exp: SEC - 61 }, 'timestamp_out_of_range'],
    ['one that has no end', without('exp'), 'timestamp_missing'],
    ['an end that is text', { ...CLAIMS, exp: String(SEC + 300) }, 'timestamp_malformed'],
    ['one of later', { ...CLAIMS, nbf: SEC + 61 }, 'timestamp_out_of_range'],
    ['one written in the future', { ...CLAIMS, iat: SEC + 61 }, 'timestamp_out_of_range'],
    ['a time that is text', { ...CLAIMS, iat: 'now' }, 'timestamp_malformed'],
  ]
  for (const [name, claims, reason] of cases)
    t.match(await judge(makeToken(issuer, claims)), { ok: false, reason }, name)
  for (const claims of ['[]', 'null', '"x"', '{', '\xff'])
    t.match(await judge(makeToken(issuer, claims)), { ok: false }, claims)
  t.match(await judge(makeToken(issuer, { ...CLAIMS, exp: SEC - 59 })), { ok: true }, 'clocks may be a minute apart')
  const strict = judgeWith(compileAnySource({ ...SOURCE, tolerance: '1s' }))
  t.match(await strict(makeToken(issuer, { ...CLAIMS, exp: SEC - 2 })), { reason: 'timestamp_out_of_range' })
})

t.test('numbers and truth values are compared as they are written', async t => {
  const judge = judgeWith(compileAnySource({ ...SOURCE, claims: { repository_id: 1, protected: true } }))
  t.match(await judge(makeToken(issuer, { ...CLAIMS, protected: 'true' })), { ok: true })
  t.match(await judge(makeToken(issuer, { ...CLAIMS, protected: true, repository_id: 1 })), { ok: true })
  t.match(await judge(makeToken(issuer, { ...CLAIMS, protected: 'false' })), { reason: 'claims_mismatch' })
  const proto = judgeWith(compileAnySource({ ...SOURCE, claims: { constructor: 'x', repository_id: '1' } }))
  t.match(await proto(makeToken(issuer, CLAIMS)), { reason: 'claims_mismatch' }, 'only own members of the token count')
})

t.test('a token is looked for in one header, once', async t => {
  const scheme = compileAnySource(SOURCE)
  const token = makeToken(issuer, CLAIMS)
  const judge = async (headers: Record<string, string | string[]>) => scheme.verify(makeDelivery(headers), SECRETS, NOW)
  t.match(await judge({}), { reason: 'credentials_missing' })
  t.match(await judge({ authorization: '' }), { reason: 'credentials_missing' })
  t.match(await judge({ authorization: [`Bearer ${token}`, `Bearer ${token}`] }), { reason: 'signature_ambiguous' })
  for (const value of [
    token,
    `Basic ${token}`,
    `JWT ${token}`,
    `Bearer  ${token}`,
    `Bearer\t${token}`,
    'Bearer',
    `Bearer ${token} `,
  ])
    t.match(await judge({ authorization: value }), { reason: 'signature_malformed' }, value.slice(0, 9))
  t.match(await judge({ 'x-token': `Bearer ${token}` }), { reason: 'credentials_missing' })
})

t.test('secrets rotate: each is tried, and one that has expired does not count', async t => {
  const scheme = compileAnySource(SOURCE)
  const delivery = makeDelivery({ authorization: `Bearer ${makeToken(issuer, CLAIMS)}` })
  const verify = async (...secrets: { value: string; expiresAt: number | null }[]) =>
    scheme.verify(delivery, secrets, NOW)
  t.match(await verify({ value: keySetOf(stranger), expiresAt: null }, ...SECRETS), { ok: true, secretIndex: 1 })
  t.match(await verify({ value: issuer.publicPem, expiresAt: NOW + 1 }), { ok: true, secretIndex: 0 })
  t.match(await verify({ value: issuer.publicPem, expiresAt: NOW }), { reason: 'secret_expired' })
  t.match(await verify({ value: issuer.publicPem, expiresAt: NOW }, ...SECRETS), { ok: true, secretIndex: 1 })
  t.match(await verify(), { reason: 'signature_mismatch' })
  t.match(await verify({ value: issuer.privatePem, expiresAt: null }), { ok: false }, 'a private key is none')
})

t.test('a claim with the hash of the body binds the body', async t => {
  const scheme = compileAnySource({ ...SOURCE, bodyClaim: 'body_sha256' })
  t.match(scheme, { bindsBody: true, headersOnly: false })
  const judge = judgeWith(scheme)
  const token = makeToken(issuer, { ...CLAIMS, body_sha256: hash('sha256', 'é{}', 'hex') })
  t.match(await judge(token, 'é{}'), { ok: true, replayKey: /^[0-9a-f]{64}$/ })
  for (const body of ['é{} ', 'e{}', '', Buffer.from('é{}', 'latin1')])
    t.match(await judge(token, body), { reason: 'signature_mismatch' })
  t.match(
    await judge(makeToken(issuer, CLAIMS), ''),
    { reason: 'signature_mismatch' },
    'a missing hash is no empty one',
  )
})

t.test('a sender that may choose its audience only can bind the body by it', async t => {
  const judge = judgeWith(compileAnySource({ ...SOURCE, bodyClaim: 'aud' }))
  const aud = `bridge#sha256=${hash('sha256', '{"a":1}', 'hex')}`
  t.match(await judge(makeToken(issuer, { ...CLAIMS, aud }), '{"a":1}'), { ok: true })
  t.match(await judge(makeToken(issuer, { ...CLAIMS, aud }), '{"a":2}'), { reason: 'claims_mismatch' })
  t.match(await judge(makeToken(issuer, CLAIMS), '{"a":1}'), { reason: 'claims_mismatch' })
})

t.test('a token that counts once gives its id as the idempotency key', async t => {
  const judge = judgeWith(compileAnySource({ ...SOURCE, oneTime: true }))
  const first = await judge(makeToken(issuer, CLAIMS))
  const second = await judge(makeToken(issuer, { ...CLAIMS, jti: 'token-2' }))
  t.match(first, { ok: true, key: /^jti:[0-9a-f]{16}:token-1$/ })
  t.not(first.ok && first.key, second.ok && second.key)
  for (const jti of [undefined, '', 7, null, 'a\nb', 'x'.repeat(257)])
    t.match(await judge(makeToken(issuer, { ...CLAIMS, jti })), { reason: 'id_malformed' }, String(jti).slice(0, 9))
})

t.test('the age of a token without an end is judged by when it was written', async t => {
  const secret = 'signature-secret-0123456789'
  const secrets = [{ value: secret, expiresAt: null }]
  const scheme = compileAnySource({ scheme: 'vonage' })
  const claims = { iss: 'Vonage', iat: SEC, payload_hash: hash('sha256', '{}', 'hex') }
  const judge = async (claims: object, tolerance = scheme) =>
    tolerance.verify(makeDelivery({ authorization: `Bearer ${makeHmacToken(secret, claims)}` }, '{}'), secrets, NOW)
  t.match(await judge(claims), { ok: true, signedAt: NOW })
  t.match(await judge({ ...claims, iat: SEC - 301 }), { reason: 'timestamp_out_of_range' })
  t.match(await judge({ ...claims, iat: SEC + 301 }), { reason: 'timestamp_out_of_range' })
  t.match(await judge({ ...claims, iat: undefined }), { reason: 'timestamp_missing' })
  t.match(
    await judge({ ...claims, exp: SEC - 61 }),
    { reason: 'timestamp_out_of_range' },
    'an end is kept if there is one',
  )
  const off = compileAnySource({ scheme: 'vonage', tolerance: 'off' })
  t.match(await judge({ ...claims, iat: SEC - 9_999 }, off), { ok: true })
})

t.test('keys that are published are asked of the set of the configured URL, and of no other', async t => {
  const asked: string[] = []
  const set = createKeySet(async () => keySetOf(issuer))
  const openKeySet = (url: string) => {
    asked.push(url)
    return set
  }
  const { secrets: _, ...source } = SOURCE
  const scheme = compileAnySource(source, { openKeySet })
  t.strictSame(asked, ['https://token.actions.githubusercontent.com/.well-known/jwks'])
  const verify = async (token: string) => scheme.verify(makeDelivery({ authorization: `Bearer ${token}` }), [], NOW)
  t.match(await verify(makeToken(issuer, CLAIMS)), { ok: true, secretIndex: -1 })
  t.match(await verify(makeToken(stranger, CLAIMS)), { reason: 'signature_mismatch' })
  t.match(await verify(makeToken({ ...issuer, kid: 'other' }, CLAIMS)), { reason: 'key_unknown' })
  t.match(
    await compileAnySource(source).verify(
      makeDelivery({ authorization: `Bearer ${makeToken(issuer, CLAIMS)}` }),
      [],
      NOW,
    ),
    {
      reason: 'keys_unavailable',
    },
  )
  t.equal(asked.length, 1)
})

t.test('what send signs verifies, and never for another audience or secret', async () => {
  const secret = 'a-shared-secret-of-ours-0123456789'
  const source = {
    scheme: 'jwt',
    algorithm: 'HS256',
    issuer: 'i',
    audience: 'a',
    bodyClaim: 'sha256',
    secrets: ['env:S'],
  }
  const scheme = compileAnySource(source)
  const other = compileAnySource({ ...source, audience: 'b' })
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), fc.string({ minLength: 1 }), async (bytes, wrong) => {
      const body = Buffer.from(bytes)
      const delivery = makeDelivery(scheme.sign({ body }, secret, NOW), body)
      const verify = async (scheme: Scheme, value: string) =>
        (await scheme.verify(delivery, [{ value, expiresAt: null }], NOW)).ok
      return (await verify(scheme, secret)) && !(await verify(other, secret)) && !(await verify(scheme, secret + wrong))
    }),
    { numRuns: 200 },
  )
})
