import t from 'tap'
import { checkIssuer } from '../../src/doctor/check-issuer.ts'
import { askIssuer } from '../../src/source/ask-issuer.ts'
import { DISCOVERY, startIssuer } from '../fixtures/start-issuer.ts'

const settings = {
  audiences: ['bridge'],
  algorithms: ['ES256', 'RS256'],
  claim: 'roles',
  roles: new Map(),
  subject: 'sub',
} as const

t.test('an issuer says which of the algorithms it has keys for', async t => {
  const { url, asked } = await startIssuer(t)
  const expected = { ok: true, message: `${url} publishes keys for RS256` }
  t.strictSame(await askIssuer({ ...settings, issuer: url, jwksUri: null }), expected)
  t.strictSame(await askIssuer({ ...settings, issuer: url, jwksUri: `${url}/keys` }), expected)
  t.strictSame(asked, [DISCOVERY, '/keys', '/keys'])
  t.match(checkIssuer({ jwksUri: null }, expected), { name: 'issuer', status: 'ok' })
})

t.test('what is wrong with it is said, with the key of the configuration to look at', async t => {
  const issuer = await startIssuer(t)
  const ask = (change: object = {}) => askIssuer({ ...settings, issuer: issuer.url, jwksUri: null, ...change })
  t.strictSame(await ask({ algorithms: ['ES256', 'EdDSA'] }), {
    ok: false,
    message: `${issuer.url} publishes no key for ES256, EdDSA`,
  })
  const gone = await ask({ jwksUri: `${issuer.url}/gone` })
  t.strictSame(gone, { ok: false, message: `${issuer.url}: status 404` })
  t.match(checkIssuer({ jwksUri: `${issuer.url}/gone` }, gone), {
    status: 'failed',
    todo: /^see admin\.oidc\.jwksUri;/,
  })
  t.match(await ask({ jwksUri: 'http://127.0.0.1:1/' }), { ok: false, message: /ECONNREFUSED/ })
  issuer.answers[DISCOVERY] = '{}'
  const other = await ask()
  t.match(other, { ok: false, message: `${issuer.url}: its discovery document names another issuer` })
  t.match(checkIssuer({ jwksUri: null }, other), { status: 'failed', todo: /^see admin\.oidc\.issuer;/ })
})
