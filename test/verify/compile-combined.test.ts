import t, { type Test } from 'tap'
import { loadConfig } from '../../src/config/load-config.ts'
import { formatProblem } from '../../src/mapping/problem.ts'
import { compileScheme } from '../../src/verify/compile-scheme.ts'
import { signDelivery } from '../../src/verify/sign-delivery.ts'
import { makeDelivery } from '../fixtures/make-delivery.ts'

const NOW = 1_767_225_600_000
const ENV = {
  HMAC_NEW: 'the-new-hmac-secret-of-ours',
  HMAC_OLD: 'the-old-hmac-secret-of-ours',
  TOKEN: 'a-token-of-sixteen-bytes',
  LOGIN: 'user:a-password-of-sixteen-bytes',
}
const HMAC = { scheme: 'github', secrets: ['env:HMAC_NEW', 'env:HMAC_OLD'] }
const BEARER = { scheme: 'bearer', secrets: ['env:TOKEN'] }

function load(t: Test, source: object) {
  const cwd = t.testdir({ 'bridge.json': JSON.stringify({ sources: { it: source } }), mappings: {} })
  const loaded = loadConfig({ cwd, env: ENV })
  if (!loaded.ok) return { problems: loaded.problems.map(formatProblem), source: null }
  return { problems: [], source: loaded.config.sources.get('it')! }
}

function compile(t: Test, scheme: object) {
  const { source, problems } = load(t, { scheme })
  if (source === null) throw new Error(problems.join('\n'))
  const compiled = compileScheme(source.definition, { ...source.settings, secrets: source.secrets })
  return {
    source,
    compiled,
    judge: (headers: Record<string, string>, body = '{}') =>
      compiled.verify(makeDelivery(headers, body), source.secrets, NOW),
  }
}

const github = (secret: string, body = '{}') =>
  compileScheme(
    {
      kind: 'hmac',
      header: 'x-hub-signature-256',
      prefix: 'sha256=',
      algorithm: 'sha256',
      encoding: 'hex',
      parse: 'whole',
      signed: '${body}',
      timestampUnit: 's',
      secretEncoding: 'utf8',
    },
    {},
  ).sign({ body: Buffer.from(body) }, secret, NOW)
const bearer = { authorization: `Bearer ${ENV.TOKEN}` }

t.test('any-of accepts what one of its schemes accepts', async t => {
  const { judge, source, compiled } = compile(t, { anyOf: [HMAC, BEARER] })
  t.match(judge(github(ENV.HMAC_NEW)), { ok: true, secretIndex: 0 })
  t.match(judge(github(ENV.HMAC_OLD)), { ok: true, secretIndex: 1 })
  t.match(judge(bearer), { ok: true, secretIndex: 2 })
  t.match(judge({}), { ok: false, reason: 'signature_missing' })
  t.match(judge({ authorization: 'Bearer other' }), { ok: false, reason: 'credentials_mismatch' }, 'the telling reason')
  t.match(judge(github(ENV.TOKEN)), { ok: false }, 'a secret of another member counts for nothing')
  t.match(judge({ authorization: `Bearer ${ENV.HMAC_NEW}` }), { ok: false })
  t.notOk(compiled.bindsBody, 'a member that does not bind the body is enough')
  t.match(source, { preset: { name: 'github', bindsBody: false }, methods: ['POST'] }, 'facts of the first member')
})

t.test('all-of refuses what one of its schemes refuses', async t => {
  const { judge, compiled } = compile(t, { allOf: [HMAC, BEARER] })
  t.match(judge({ ...github(ENV.HMAC_NEW), ...bearer }), { ok: true })
  t.match(judge(github(ENV.HMAC_NEW)), { ok: false, reason: 'credentials_missing' })
  t.match(judge(bearer), { ok: false, reason: 'signature_missing' })
  t.match(judge({ ...github(ENV.HMAC_NEW), authorization: 'Bearer other' }), { ok: false })
  t.ok(compiled.bindsBody, 'one member that binds the body is enough')
})

t.test('a test delivery satisfies a combination', async t => {
  for (const scheme of [
    { anyOf: [BEARER, HMAC] },
    { allOf: [HMAC, BEARER, { scheme: 'query-token', allowQueryToken: true, secrets: ['env:TOKEN'] }] },
  ]) {
    const { compiled, source } = compile(t, scheme)
    const { headers, body, query } = signDelivery(compiled, { body: Buffer.from('{}'), method: 'POST' }, '', NOW)
    t.match(compiled.verify({ ...makeDelivery(headers, body), query }, source.secrets, NOW), { ok: true })
  }
})

t.test('mistakes in a combination are told with their place, and show no secret', async t => {
  const cases: readonly [object, RegExp][] = [
    [{ scheme: { anyOf: [HMAC] } }, /\/sources\/it\/scheme\/anyOf: expected two to four schemes/],
    [
      { scheme: { anyOf: [HMAC, { scheme: 'bearer' }] } },
      /\/sources\/it\/scheme\/anyOf\/1\/secrets: expected at least one secret/,
    ],
    [
      { scheme: { anyOf: [HMAC, { ...BEARER, scheme: 'baerer' }] } },
      /anyOf\/1\/scheme: expected one of the kinds .*did you mean "bearer"\?\)/,
    ],
    [
      { scheme: { allOf: [HMAC, { scheme: 'none', unsigned: true }] } },
      /allOf\/1\/scheme: expected no scheme that checks nothing/,
    ],
    [
      { scheme: { anyOf: [HMAC, BEARER] }, secrets: ['env:TOKEN'] },
      /\/sources\/it\/secrets: expected "secrets" beside the "scheme" it is for/,
    ],
    [{ scheme: { anyOf: [HMAC, BEARER] }, tolerance: '5m' }, /\/sources\/it\/tolerance: expected "tolerance" beside/],
    [{ scheme: { anyOf: [HMAC, { ...BEARER, secrets: ['pasted-canary-secret'] }] } }, /\/sources\/it\/scheme/],
    [
      { scheme: { anyOf: [HMAC, BEARER], allOf: [HMAC, BEARER] } },
      /\/sources\/it\/scheme: expected the name of a scheme, or/,
    ],
    [{ scheme: { anyOf: [HMAC, { scheme: { anyOf: [HMAC, BEARER] } }] } }, /\/sources\/it\/scheme: expected the name/],
  ]
  for (const [source, expected] of cases) {
    const { problems } = load(t, source)
    t.match(problems.join('\n'), expected)
    t.notMatch(problems.join('\n'), /canary/)
  }
})
