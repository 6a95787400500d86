import t from 'tap'
import { discoverKeys, readDiscovery } from '../../src/source/discover-keys.ts'
import { openKeySet, openKeysOfIssuer } from '../../src/source/open-key-set.ts'
import { DISCOVERY, startIssuer } from '../fixtures/start-issuer.ts'

t.test('the discovery document says where the keys are, also below a path and behind a slash', async t => {
  const issuer = await startIssuer(t)
  t.equal(await discoverKeys(issuer.url), `${issuer.url}/keys`)
  for (const path of ['/', '/realms/web', '/realms/web/']) {
    const name = `${issuer.url}${path}`
    issuer.answers[`${path.replace(/\/$/, '')}${DISCOVERY}`] = JSON.stringify({
      issuer: name,
      jwks_uri: 'https://keys.example.com/jwks?v=1',
    })
    t.equal(await discoverKeys(name), 'https://keys.example.com/jwks?v=1', path)
  }
})

t.test('a document of another issuer, or without a safe address, is none', async t => {
  const issuer = await startIssuer(t)
  const keys = 'https://keys.example.com/jwks'
  const wrong: [unknown, RegExp][] = [
    [{ issuer: `${issuer.url}/`, jwks_uri: keys }, /names another issuer/],
    [{ issuer: [issuer.url], jwks_uri: keys }, /names another issuer/],
    [{ jwks_uri: keys }, /names another issuer/],
    [null, /names another issuer/],
    [[{ issuer: issuer.url, jwks_uri: keys }], /names another issuer/],
    [{ issuer: issuer.url }, /names no https URL/],
    [{ issuer: issuer.url, jwks_uri: '/keys' }, /names no https URL/],
    [{ issuer: issuer.url, jwks_uri: 'http://keys.example.com/jwks' }, /names no https URL/],
    [{ issuer: issuer.url, jwks_uri: 'file:///etc/keys' }, /names no https URL/],
    [{ issuer: issuer.url, jwks_uri: 'https://user:word@keys.example.com' }, /names no https URL/],
    [{ issuer: issuer.url, jwks_uri: [keys] }, /names no https URL/],
  ]
  for (const [document, expected] of wrong) {
    issuer.answers[DISCOVERY] = JSON.stringify(document)
    await t.rejects(discoverKeys(issuer.url), expected, JSON.stringify(document))
  }
  issuer.answers[DISCOVERY] = '{"issuer":'
  await t.rejects(discoverKeys(issuer.url), /is not JSON/)
  for (const status of [204, 301, 302, 307, 404, 500]) {
    issuer.answers[DISCOVERY] = status
    await t.rejects(discoverKeys(issuer.url), new RegExp(`status ${status}`))
  }
  t.notOk(issuer.asked.includes('/keys'), 'no redirect is followed')
})

t.test('an issuer elsewhere cannot send the bridge to what listens on its own machine', async t => {
  const issuer = 'https://login.example.com'
  const documentOf = (place: string): string => JSON.stringify({ issuer, jwks_uri: place })
  t.equal(readDiscovery(documentOf(`${issuer}/keys`), issuer), `${issuer}/keys`)
  for (const place of ['http://127.0.0.1:8787/keys', 'http://localhost/keys', 'http://[::1]/keys'])
    t.throws(() => readDiscovery(documentOf(place), issuer), /names no https URL/, place)
})

t.test('the keys of an issuer are one set, apart from one at an address that is spelled like it', async t => {
  t.equal(openKeysOfIssuer('http://127.0.0.1:9/a'), openKeysOfIssuer('http://127.0.0.1:9/a'))
  t.not(openKeysOfIssuer('http://127.0.0.1:9/a'), openKeysOfIssuer('http://127.0.0.1:9/b'))
  t.not(openKeysOfIssuer('http://127.0.0.1:9/a'), openKeySet('http://127.0.0.1:9/a'))
})
