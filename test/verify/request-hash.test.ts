import { hash } from 'node:crypto'
import t from 'tap'
import { hashRequest, placeOfUrl } from '../../src/verify/request-hash.ts'
import { compileAnySource } from '../fixtures/compile-source.ts'
import { makeDelivery } from '../fixtures/make-delivery.ts'
import { makeHmacToken } from '../fixtures/make-token.ts'

const NOW = 1_767_225_600_000
const SEC = NOW / 1_000
const SECRET = 'shared_secret_of_connect_app_0123'
const SOURCE = { scheme: 'atlassian-connect', issuer: 'client-key', url: 'https://hooks.example.com/hooks/jira' }
const REQUEST = 'POST&/hooks/jira&issue=P-1&user_id=a%3Ab'
const QUERY = 'user_id=a%3Ab&issue=P-1'

const sha256 = (text: string): string => hash('sha256', text, 'hex')

/** What atlassian-jwt 2.0.3 makes of the same requests. */
const CANONICAL: readonly [method: string, url: string, query: string, text: string][] = [
  ['POST', '/jira/hook', 'b=2&a=1', 'POST&/jira/hook&a=1&b=2'],
  ['post', '/hooks/jira/', '', 'POST&/hooks/jira&'],
  ['POST', '/', '', 'POST&/&'],
  ['POST', '', '', 'POST&/&'],
  ['POST', '/a', 'x=b+c&y=d%20e&z=%2A%21%27%28%29~', 'POST&/a&x=b%20c&y=d%20e&z=%2A%21%27%28%29~'],
  ['POST', '/a', 'x=2&x=1&x=10', 'POST&/a&x=1,10,2'],
  ['POST', '/a', 'X=2&x=1', 'POST&/a&X=2&x=1'],
  ['POST', '/a&b/c%26d', '', 'POST&/a%26b/c%26d&'],
  ['POST', '/a', '%C3%A9=%C3%BC', 'POST&/a&%C3%A9=%C3%BC'],
  ['POST', '/a', 'empty=&flag', 'POST&/a&empty=&flag='],
  ['POST', '/a', 'x=1,2&x=3', 'POST&/a&x=1%2C2,3'],
  ['POST', '/a', 'a10=1&a1=2&a-=3&a.=4', 'POST&/a&a-=3&a.=4&a1=2&a10=1'],
]

t.test('method, path and query are hashed in the canonical form of Atlassian', async t => {
  for (const [method, path, query, text] of CANONICAL) {
    const place = placeOfUrl(`https://hooks.example.com${path}`)
    t.equal(hashRequest(method, place.path, query), sha256(text), text)
  }
  t.strictSame(placeOfUrl('https://a.example/x/?b=1'), { path: '/x', query: 'b=1' })
})

t.test('a query that cannot be read, or that carries a token, has no hash', async t => {
  for (const query of ['a=%FF', 'jwt=x', 'a=1&jwt=', '%6Awt=x', 'a=\ud800'])
    t.equal(hashRequest('POST', '/a', query), null, query)
})

const scheme = compileAnySource(SOURCE)
const judge = (claims: object, { query = QUERY, word = 'JWT', method = 'POST' } = {}) => {
  const token = makeHmacToken(SECRET, { iss: 'client-key', iat: SEC, exp: SEC + 180, ...claims })
  const delivery = makeDelivery({ authorization: `${word} ${token}` }, '{}')
  return scheme.verify({ ...delivery, query, method }, [{ value: SECRET, expiresAt: null }], NOW)
}

t.test('a token of Atlassian counts for its request only', async t => {
  t.match(await judge({ qsh: sha256(REQUEST) }), { ok: true, secretIndex: 0, signedAt: NOW, replayKey: null })
  t.match(scheme, { headersOnly: true, bindsBody: false })
  const same = 'issue=P-1&user_id=a:b'
  t.match(await judge({ qsh: sha256(REQUEST) }, { query: same }), { ok: true }, 'spelled otherwise it is the same')
  const refused: Readonly<Record<string, ReturnType<typeof judge>>> = {
    'another method': judge({ qsh: sha256(REQUEST) }, { method: 'PUT' }),
    'another query': judge({ qsh: sha256(REQUEST) }, { query: `${QUERY}&x=1` }),
    'less of the query': judge({ qsh: sha256(REQUEST) }, { query: 'issue=P-1' }),
    'a value more': judge({ qsh: sha256(REQUEST) }, { query: `${QUERY}&issue=P-2` }),
    'another path': judge({ qsh: sha256(REQUEST.replace('/jira', '/other')) }),
    'no path': judge({ qsh: sha256(REQUEST.replace('/hooks/jira', '/')) }),
    'a token of the browser (context-qsh)': judge({ qsh: 'context-qsh' }),
    'no hash': judge({}),
    'no text': judge({ qsh: [sha256(REQUEST)] }),
    'upper case': judge({ qsh: sha256(REQUEST).toUpperCase() }),
    'another installation': judge({ qsh: sha256(REQUEST), iss: 'client-key-2' }),
  }
  for (const [why, judged] of Object.entries(refused))
    t.match(await judged, { ok: false, reason: 'claims_mismatch' }, why)
})

t.test('a token of Atlassian ends, stands in the header after JWT, and nowhere else', async t => {
  const qsh = sha256(REQUEST)
  t.match(await judge({ qsh, exp: SEC - 61 }), { reason: 'timestamp_out_of_range' })
  t.match(await judge({ qsh, exp: undefined }), { reason: 'timestamp_missing' })
  t.match(await judge({ qsh }, { word: 'Bearer' }), { reason: 'signature_malformed' })
  t.match(await judge({ qsh }, { query: `${QUERY}&jwt=x` }), { reason: 'signature_ambiguous' })
})

t.test('the URL of the source must be one that can be hashed', async t => {
  for (const url of ['https://a.example/x?jwt=1', 'https://a.example/x?a=%FF'])
    t.throws(() => compileAnySource({ ...SOURCE, url }), { code: 'config_invalid', message: /^\/url: / }, url)
})
