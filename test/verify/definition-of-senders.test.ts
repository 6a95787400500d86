import t from 'tap'
import { loadConfig } from '../../src/config/load-config.ts'
import { definitionFromSource } from '../../src/verify/definition-from-source.ts'

function problemsOf(scheme: unknown, source: Record<string, unknown> = {}): readonly string[] {
  const read = definitionFromSource(scheme, source)
  return read.ok
    ? []
    : read.problems.map(({ pointer, expected, found }) => `${pointer}: expected ${expected}, found ${found}`)
}

const TOPIC = 'arn:aws:sns:eu-west-1:123456789012:deploys'
const CASES: readonly [string, Record<string, unknown>, readonly (string | RegExp)[]][] = [
  ['square', {}, ['/url: expected the public URL the sender was given, found nothing']],
  ['square', { url: 'https://a.example/x' }, []],
  ['hubspot-v3', { url: 'https://a.example/x', tolerance: '1m' }, []],
  ['paypal', {}, ['/webhookId: expected the id that the sender gave the webhook, found nothing']],
  ['paypal', { webhookId: 'a|b' }, ['/webhookId: expected an id of letters, digits, "-" and "_", found "a|b"']],
  ['paypal', { webhookId: '1JE4291016473214C' }, []],
  ['github', { webhookId: '1' }, ['/webhookId: expected no "webhookId": this scheme has no use for it, found "1"']],
  ['aws-sns', {}, ['/topicArns: expected a list of the topics whose messages are taken, found nothing']],
  ['aws-sns', { topicArns: ['deploys'] }, [/^\/topicArns: expected a list of topics such as "arn:aws:sns:/]],
  ['aws-sns', { topicArns: [TOPIC], allowSha1: true, tolerance: '1h' }, []],
  ['travis-ci', {}, [/^\/allowSha1: expected true, said explicitly/]],
  ['travis-ci', { allowSha1: 'yes' }, ['/allowSha1: expected true or false, found "yes"', /said explicitly/]],
  ['travis-ci', { allowSha1: true }, []],
  ['docker-hub', {}, [/^\/allowQueryToken: expected true, said explicitly: a token in the URL is seen/]],
  ['docker-hub', { allowQueryToken: true, parameter: 'key' }, []],
  ['query-token', {}, [/^\/allowQueryToken/]],
  [
    'query-token',
    { allowQueryToken: true, parameter: 'a b' },
    ['/parameter: expected the name of a query parameter, found "a b"'],
  ],
  ['azure-event-grid', { parameter: 'code' }, [/^\/allowQueryToken/]],
  ['azure-event-grid', { parameter: 'code', allowQueryToken: true }, []],
  ['cloudevents', { header: 'x-token' }, []],
  ['bearer', { parameter: 'access_token', allowQueryToken: true }, []],
  [
    'meta',
    {},
    ['/verifyToken: expected a reference to the token that the sender shows when it is set up, found nothing'],
  ],
  [
    'github',
    { verifyToken: 'env:X' },
    ['/verifyToken: expected no "verifyToken": this scheme has no use for it, found something'],
  ],
  [
    'digest',
    { header: 'x-sig', signed: '${body}' },
    ['/signed: expected a template that holds ${secret}, found ${body}'],
  ],
  [
    'digest',
    { header: 'x-sig', signed: '${secret}' },
    ['/signed: expected a template that holds ${body}, found ${secret}'],
  ],
  ['digest', { header: 'x-sig', algorithm: 'sha1' }, [/^\/algorithm: expected one of sha256, sha384, sha512/]],
  ['digest', { header: 'x-sig' }, []],
  ['hmac', { header: 'x-sig', signed: '${secret}${body}' }, [/^\/signed: expected a template over \$\{body\}/]],
  ['asymmetric', { header: 'x-sig' }, [/^\/algorithm: expected one of ed25519, ecdsa-sha256, rsa-sha256, rsa-sha1/]],
  ['asymmetric', { header: 'x-sig', algorithm: 'rsa-sha1' }, [/^\/allowSha1/]],
  ['asymmetric', { header: 'x-sig', algorithm: 'ed25519', secretEncoding: 'hex' }, [/^\/secretEncoding: expected no/]],
  ['asymmetric', { header: 'x-sig', algorithm: 'ed25519', signed: '${timestamp}${body}', timestampHeader: 'x-at' }, []],
]

for (const [scheme, source, expected] of CASES) {
  t.test(`${scheme} ${JSON.stringify(source)} ${expected.length === 0 ? 'is understood' : 'is a mistake'}`, async t => {
    const found = problemsOf(scheme, source)
    t.equal(found.length, expected.length, found.join('\n'))
    for (const [i, text] of expected.entries()) t.match(found[i], text)
  })
}

t.test('variables that bind less than the body are for presets alone', async t => {
  for (const name of [
    'body.sha256',
    'body.crc32',
    'body.json',
    'form.sorted',
    'form.x',
    'json.x',
    'pair.x',
    'config.webhookId',
    'urlJoin',
  ]) {
    const found = problemsOf('hmac', { header: 'x-sig', signed: `\${${name}}.\${body}` })
    t.match(found.join(), /^\/signed: expected a template over/, name)
  }
})

t.test('a sender that was mistyped is suggested', async t => {
  t.match(definitionFromSource('shoppify', {}), { problems: [{ suggestion: 'shopify' }] })
})

t.test('atlassian-connect needs its URL and one issuer, and takes nothing of other tokens', async t => {
  const url = 'https://hooks.example.com/hooks/jira'
  t.strictSame(problemsOf('atlassian-connect', {}), [
    '/url: expected the public URL the sender was given, found nothing',
    '/issuer: expected who writes the tokens, found nothing',
  ])
  t.strictSame(problemsOf('atlassian-connect', { url, issuer: 'client-key', claims: { sub: '5b10' } }), [])
  t.strictSame(problemsOf('atlassian-connect', { url, issuer: ['a', 'b'] }), [
    '/issuer: expected one issuer: every installation has a secret of its own, and needs a source of its own, found ["a","b"]',
  ])
  const others = { audience: 'x', jwks: 'https://a.example/keys', bodyClaim: 'x', oneTime: true }
  for (const [key, value] of Object.entries(others))
    t.match(problemsOf('atlassian-connect', { url, issuer: 'a', [key]: value })[0], `/${key}: expected no`, key)
})

t.test('the verify token is fetched by its reference, and never shown', async t => {
  const meta = { scheme: 'meta', secrets: ['env:SECRET'], verifyToken: 'env:VERIFY' }
  const load = (source: object, env: Record<string, string>) =>
    loadConfig({ cwd: t.testdir({ 'bridge.json': JSON.stringify({ sources: { meta: source } }), mappings: {} }), env })
  const env = { SECRET: 'a-secret-of-sixteen-bytes', VERIFY: 'a-verify-token-of-ours' }
  const loaded = load(meta, env)
  t.equal(loaded.ok && loaded.config.sources.get('meta')?.settings.verifyToken, env.VERIFY)
  t.match(load(meta, { SECRET: env.SECRET }), { problems: [{ pointer: '/sources/meta/verifyToken' }] })
  t.match(load(meta, { ...env, VERIFY: 'short' }), { problems: [{ found: '5 bytes' }] })
  const pasted = load({ ...meta, verifyToken: 'canary-verify-token' }, env)
  t.notMatch(JSON.stringify(pasted), /canary/)
  t.match(pasted, { ok: false })
})
