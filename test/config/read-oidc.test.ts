import t, { type Test } from 'tap'
import { knownKeysAt } from '../../src/config/bridge-schema.ts'
import { loadConfig } from '../../src/config/load-config.ts'

const ISSUER = 'https://login.example.com/realms/web'
const sound = { issuer: ISSUER, audience: 'bridge', roles: { 'bridge-admins': 'admin', editors: 'viewer' } }

function load(t: Test, oidc: unknown): ReturnType<typeof loadConfig> {
  const cwd = t.testdir({ 'bridge.json': JSON.stringify({ admin: { oidc } }), mappings: {} })
  return loadConfig({ cwd, env: {} })
}

t.test('without it only keys let anybody in; with it an issuer, an audience and roles are enough', async t => {
  const none = loadConfig({ cwd: t.testdir({ 'bridge.json': '{}', mappings: {} }), env: {} })
  t.match(none, { ok: true, config: { oidc: null } })
  const loaded = load(t, sound)
  t.strictSame(loaded.ok && loaded.config.oidc, {
    issuer: ISSUER,
    audiences: ['bridge'],
    jwksUri: null,
    algorithms: ['RS256', 'ES256', 'PS256', 'EdDSA'],
    claim: 'roles',
    roles: new Map([
      ['bridge-admins', 'admin'],
      ['editors', 'viewer'],
    ]),
    subject: 'sub',
  })
})

t.test('everything may be said, and an issuer on this machine needs no TLS', async t => {
  const oidc = {
    issuer: 'http://127.0.0.1:9000/',
    audience: ['a', 'b'],
    jwksUri: 'http://localhost:9000/keys',
    algorithms: ['RS512'],
    claim: '/realm_access/roles',
    roles: { x: 'operator' },
    subject: 'oid',
  }
  const loaded = load(t, oidc)
  t.match(loaded, { ok: true, config: { oidc: { ...oidc, audience: undefined, roles: new Map([['x', 'operator']]) } } })
})

t.test('what is wrong is said where it stands', async t => {
  const { issuer: _, ...nameless } = sound
  const { audience: __, ...forAnybody } = sound
  const { roles: ___, ...roleless } = sound
  const wrong: [string, unknown, string, RegExp][] = [
    ['plain http', { ...sound, issuer: 'http://login.example.com' }, 'issuer', /https URL.*found "http:\/\/login/],
    ['no URL', { ...sound, issuer: 'login.example.com' }, 'issuer', /expected an https URL/],
    ['another protocol', { ...sound, issuer: 'file:/etc/keys' }, 'issuer', /expected an https URL/],
    ['a query', { ...sound, issuer: `${ISSUER}?x=canary` }, 'issuer', /without a user, query or fragment/],
    ['an empty query', { ...sound, issuer: `${ISSUER}?` }, 'issuer', /without a user, query or fragment/],
    ['a fragment', { ...sound, issuer: `${ISSUER}#x` }, 'issuer', /without a user, query or fragment/],
    ['a password', { ...sound, issuer: 'https://canary:canary@login.example.com' }, 'issuer', /without a user/],
    ['no issuer', nameless, 'issuer', /expected the issuer of the tokens/],
    ['keys over http', { ...sound, jwksUri: 'http://login.example.com/keys' }, 'jwksUri', /expected an https URL/],
    ['keys in a file', { ...sound, jwksUri: 'file:keys.json' }, 'jwksUri', /expected an https URL/],
    ['no audience', forAnybody, 'audience', /whom the tokens are made out to/],
    ['an empty audience', { ...sound, audience: [] }, 'audience', /whom the tokens are made out to/],
    ['a shared secret', { ...sound, algorithms: ['HS256'] }, 'algorithms/0', /one of RS256.*found "HS256"/],
    ['nothing signed', { ...sound, algorithms: ['none'] }, 'algorithms/0', /one of RS256/],
    ['no algorithm', { ...sound, algorithms: [] }, 'algorithms', /at least one algorithm/],
    ['no roles', roleless, 'roles', /values of the claim and the role of each/],
    ['empty roles', { ...sound, roles: {} }, 'roles', /at least one/],
    ['a role there is not', { ...sound, roles: { x: 'owner' } }, 'roles/x', /"viewer", "operator" or "admin"/],
    ['a claim that is none', { ...sound, claim: 'the roles' }, 'claim', /the name of a claim, or a JSON pointer/],
    ['a name people change', { ...sound, subject: 'preferred_username' }, 'subject', /such as "sub"/],
    ['an address that passes on', { ...sound, subject: 'email' }, 'subject', /such as "sub", found "email"/],
  ]
  for (const [what, oidc, key, expected] of wrong) {
    const loaded = load(t, oidc)
    const problems = loaded.ok ? [] : loaded.problems
    t.strictSame(
      problems.map(({ pointer }) => pointer),
      [`/admin/oidc/${key}`],
      what,
    )
    t.match(`${problems[0]?.message}, found ${problems[0]?.found}`, expected, what)
    t.notMatch(JSON.stringify(problems), /canary/, what)
  }
})

t.test('unknown keys are told with those there are', async t => {
  t.match(load(t, { ...sound, isuer: ISSUER }), { problems: [{ code: 'unknown_key', suggestion: 'issuer' }] })
  t.strictSame(knownKeysAt('/admin'), ['keys', 'oidc'])
  t.strictSame([...knownKeysAt('/admin/oidc')].sort(), [
    'algorithms',
    'audience',
    'claim',
    'issuer',
    'jwksUri',
    'roles',
    'subject',
  ])
  t.match(load(t, 'canary'), { problems: [{ pointer: '/admin/oidc', found: 'a literal value' }] })
})
