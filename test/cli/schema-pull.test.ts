import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { buildSchema } from 'graphql'
import t, { type Test } from 'tap'
import { startSandbox } from '../../src/pixelesq/sandbox/start-sandbox.ts'
import { callCli } from '../fixtures/call-cli.ts'
import { runCli } from '../fixtures/run-cli.ts'
import { startApiStub } from '../fixtures/start-api-stub.ts'
import { makeBridgeFolder } from '../fixtures/start-test-bridge.ts'

const TOKEN = 'pxl_live_0123456789abcdef'
const folder = (t: Test, endpoint: string, options = {}) =>
  makeBridgeFolder(t, { endpoint, env: { PIXELESQ_TOKEN: TOKEN }, ...options })

t.test('the schema of the sandbox is written to the mapping folder', async t => {
  const sandbox = await startSandbox()
  t.teardown(() => sandbox.close())
  const made = folder(t, sandbox.url, { env: { PIXELESQ_TOKEN: 'sandbox-viewer-token-0001' } })
  const { code, out, err } = await runCli(t, ['schema', 'pull'], { cwd: made.path })
  t.strictSame([code, err], [0, ''])
  t.match(out, /^\/.*\/mappings\/schema\.graphql: written\n$/)
  const text = made.read('mappings/schema.graphql')
  t.match(text, /^# The schema of http:\/\/127\.0\.0\.1:\d+\/graphql, written by `pixelesq-bridge schema pull`\.\n\n/)
  t.ok(buildSchema(text).getMutationType()?.getFields().publishPage)
  t.strictSame(
    readdirSync(join(made.path, 'mappings')).sort(),
    ['operations', 'schema.graphql'],
    'and nothing beside it',
  )
  const again = await callCli(t, ['schema', 'pull'], { cwd: made.path })
  t.match(again.out, /schema\.graphql: unchanged\n$/)
})

t.test('what changed against the file that was there is listed, breaking first', async t => {
  const stub = await startApiStub(t, { sdl: 'type Query { a: Int b(x: Int!): Int d: Int }' })
  const made = folder(t, stub.url)
  made.write('mappings/schema.graphql', 'type Query { a: Int! b: Int c: Int }')
  const { code, out } = await callCli(t, ['schema', 'pull'], { cwd: made.path })
  t.equal(code, 0)
  t.strictSame(out.split('\n').slice(1), [
    '  breaking  ~ Query.a: Int! → Int',
    '  breaking  + Query.b(x:): Int!',
    '  breaking  - Query.c: Int',
    '            + Query.d: Int',
    '  4 changes, 3 breaking. Next: pixelesq-bridge check',
    '',
  ])
  made.write('mappings/schema.graphql', '# mine\ntype Query { d: Int b(x: Int!): Int a: Int }')
  t.match(
    (await callCli(t, ['schema', 'pull'], { cwd: made.path })).out,
    /written\n {2}nothing changed but descriptions, defaults, deprecations or the order\n$/,
  )
  made.write('mappings/schema.graphql', 'no SDL {')
  t.match(
    (await callCli(t, ['schema', 'pull'], { cwd: made.path })).out,
    /written \(what was there was no valid SDL\)\n$/,
  )
})

t.test('--out, --endpoint, --integration and --json', async t => {
  const stub = await startApiStub(t, { sdl: 'type Query { a: Int }' })
  const made = folder(t, 'http://127.0.0.1:1/graphql', {
    config: {
      integrations: { ci: { token: 'env:PIXELESQ_TOKEN' }, other: { token: 'env:OTHER' } },
      pixelesq: { endpoint: 'http://127.0.0.1:1/graphql', schema: 'x/own.graphql' },
    },
    env: { PIXELESQ_TOKEN: TOKEN, OTHER: 'pxl_live_other_0123456789' },
  })
  const args = ['schema', 'pull', '--endpoint', stub.url, '--integration', 'other']
  const json = await callCli(t, [...args, '--json'], { cwd: made.path })
  t.strictSame(JSON.parse(json.out), {
    file: join(made.path, 'x/own.graphql'),
    written: true,
    before: 'none',
    changes: [],
  })
  t.equal(stub.requests[0]!.token, 'pxl_live_other_0123456789')
  await callCli(t, [...args, '--out', 'there.graphql'], { cwd: made.path })
  t.ok(existsSync(join(made.path, 'there.graphql')))

  const wrong = await callCli(t, ['schema', 'pull', '--integration', 'othr'], { cwd: made.path })
  t.strictSame(
    [wrong.code, wrong.err],
    [2, '--integration: expected one of ci, other, found "othr" (did you mean "other"?)\n'],
  )
  const plain = await callCli(t, ['schema', 'pull', '--endpoint', 'http://api.example.com/graphql'], { cwd: made.path })
  t.strictSame(
    [plain.code, plain.err],
    [2, '--endpoint: expected an https URL (http only for this machine), found "http://api.example.com/graphql"\n'],
  )
})

t.test('where nothing can be read, the file stays, the reason is said and the token is not', async t => {
  const off = await startApiStub(t, { introspection: false })
  const refusing = await startApiStub(t, {
    answer: ({ token }) => ({ status: 401, body: JSON.stringify({ errors: [{ message: `who is ${token}?` }] }) }),
  })
  const cases: [string, RegExp][] = [
    [
      off.url,
      /introspection is off at this endpoint, so its schema cannot be read; it says: .*Nothing was written\. Ask Pixelesq for the SDL/,
    ],
    [
      refusing.url,
      /graphql \(token of the integration "ci"\): the token is not accepted \(401: wrong, expired or revoked\); it says: who is \[redacted\]\?\. Nothing was written\. Put a valid token/,
    ],
    [
      'http://127.0.0.1:1/graphql?key=hidden',
      /^http:\/\/127\.0\.0\.1:1\/graphql \(token of.*the API host refused the connection\. Nothing was written\.\n$/,
    ],
  ]
  for (const [endpoint, expected] of cases) {
    const made = folder(t, endpoint)
    made.write('mappings/schema.graphql', 'type Query { mine: Int }')
    const { code, out, err } = await callCli(t, ['schema', 'pull'], { cwd: made.path })
    t.strictSame([code, out], [1, ''])
    t.match(err, expected)
    t.notMatch(err, TOKEN)
    t.equal(made.read('mappings/schema.graphql'), 'type Query { mine: Int }')
  }
})

t.test('a configuration that cannot be read, or without a token to ask with: exit code 78', async t => {
  const made = folder(t, 'http://127.0.0.1:1/graphql', { config: { integrations: {} } })
  const none = await callCli(t, ['schema', 'pull'], { cwd: made.path })
  t.equal(none.code, 78)
  t.match(none.err, /\/integrations: expected an integration with a token for the API, found none\n$/)
  made.write('bridge.json', '{')
  t.equal((await callCli(t, ['schema', 'pull'], { cwd: made.path })).code, 78)
})
