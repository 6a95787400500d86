import { readFileSync } from 'node:fs'
import { buildSchema } from 'graphql'
import t from 'tap'
import { createAgents } from '../../../src/execute/agents.ts'
import { cleanForeign } from '../../../src/pixelesq/live/ask-api.ts'
import { compareSchemas } from '../../../src/pixelesq/live/compare-schemas.ts'
import { INTROSPECTION_BYTES_MAX, introspect } from '../../../src/pixelesq/live/introspect.ts'
import { startSandbox } from '../../../src/pixelesq/sandbox/start-sandbox.ts'
import { errorAnswer, type StubAnswer, startApiStub } from '../../fixtures/start-api-stub.ts'

const TOKEN = 'pxl_live_0123456789abcdef'
const agents = createAgents()
t.teardown(() => agents.close())

async function ask(url: string, token = TOKEN, deadlineMs = 5_000) {
  return introspect({ agent: agents.get('ci', 1, token), endpoint: new URL(url), token }, deadlineMs)
}

t.test('the sandbox serves exactly the shipped schema', async t => {
  const sandbox = await startSandbox()
  t.teardown(() => sandbox.close())
  const found = await ask(sandbox.url, 'sandbox-viewer-token-0001')
  const shipped = readFileSync(new URL('../../../src/pixelesq/schema.graphql', import.meta.url), 'utf8')
  t.ok(found.ok)
  if (found.ok) t.strictSame(compareSchemas(buildSchema(shipped), found.schema), [])
  t.match(await ask(sandbox.url, 'no-such-token-at-all'), {
    ok: false,
    reason: 'unauthorized',
    message: /not accepted \(401/,
  })
})

t.test('why a schema could not be read is said in plain words', async t => {
  const cases: [string, StubAnswer, object][] = [
    [
      'off, said by graphql-js',
      errorAnswer('GraphQL introspection has been disabled, but the requested query contained the field "__schema".'),
      {
        reason: 'introspection_off',
        message: /^introspection is off at this endpoint.*it says: GraphQL introspection has been disabled/,
      },
    ],
    [
      'off, with status 400',
      errorAnswer('GraphQL introspection is not allowed by Apollo Server', { status: 400 }),
      { reason: 'introspection_off' },
    ],
    [
      'off, as an unknown field',
      errorAnswer("Field '__schema' doesn't exist on type 'Query'"),
      { reason: 'introspection_off' },
    ],
    [
      'off, as null',
      { body: '{"data":{"__schema":null}}' },
      { reason: 'introspection_off', message: /so its schema cannot be read$/ },
    ],
    ['off, as nothing', { body: '{"data":{}}' }, { reason: 'introspection_off' }],
    [
      '401',
      { status: 401, body: '{}' },
      { reason: 'unauthorized', message: 'the token is not accepted (401: wrong, expired or revoked)' },
    ],
    [
      '401 as a code',
      errorAnswer('log in', { code: 'UNAUTHENTICATED' }),
      { reason: 'unauthorized', message: /it says: log in$/ },
    ],
    ['403', { status: 403, body: '{}' }, { reason: 'forbidden' }],
    [
      '429',
      { status: 429, headers: { 'retry-after': '30' }, body: '{}' },
      { reason: 'rate_limited', message: /try again in 30 s$/ },
    ],
    ['500', { status: 500, body: 'oops' }, { reason: 'unreachable', message: /^the API failed \(HTTP 500\)/ }],
    [
      '404 of something else',
      { status: 404, body: '<html>' },
      { reason: 'nonsense', message: 'the answer is no GraphQL answer (HTTP 404)' },
    ],
    [
      'a redirect',
      { status: 307, headers: { location: 'http://127.0.0.1:9/' }, body: '' },
      { reason: 'unreachable', message: /redirect; it is not followed/ },
    ],
    ['HTML', { body: '<html>hello</html>' }, { reason: 'nonsense', message: /not a GraphQL answer/ }],
    ['another refusal', errorAnswer('query too\n\u001b[31mdeep'), { reason: 'refused', message: 'query too [31mdeep' }],
    [
      'no schema in it',
      { body: '{"data":{"__schema":{"types":3}}}' },
      { reason: 'nonsense', message: /no valid schema/ },
    ],
    [
      'a schema that is none',
      { body: JSON.stringify({ data: { __schema: { queryType: null, types: [], directives: [] } } }) },
      { reason: 'nonsense', message: /no valid schema/ },
    ],
    [
      'too large',
      { body: `{"data":{"x":"${'x'.repeat(INTROSPECTION_BYTES_MAX)}"}}` },
      { reason: 'nonsense', message: 'the answer is larger than 8388608 bytes' },
    ],
    ['a reset', 'reset', { reason: 'unreachable' }],
  ]
  for (const [name, answer, expected] of cases) {
    const stub = await startApiStub(t, { answer: () => answer })
    const found = await ask(stub.url)
    t.match(found, { ok: false, ...expected }, name)
    t.notMatch(JSON.stringify(found), TOKEN)
  }
  const hanging = await startApiStub(t, { answer: () => 'hang' })
  t.match(await ask(hanging.url, TOKEN, 100), {
    ok: false,
    reason: 'unreachable',
    message: 'no complete answer came within 100 ms',
  })
  t.match(await ask('http://127.0.0.1:1/graphql'), {
    ok: false,
    reason: 'unreachable',
    message: /refused the connection/,
  })
})

t.test('an API that repeats the token does not bring it into a message', async t => {
  const stub = await startApiStub(t, { answer: ({ token }) => errorAnswer(`bad token ${token}`) })
  const found = await ask(stub.url)
  t.match(found, { ok: false, message: 'bad token [redacted]' })
})

t.test('the words of an API are made fit for a terminal', async t => {
  t.equal(cleanForeign('a\u0000\u001b[2Jb\u202ec\u2028d'), 'a [2Jb c d')
  t.equal(cleanForeign('x'.repeat(1_000)).length, 200)
  t.equal(cleanForeign(' \n '), '')
})
