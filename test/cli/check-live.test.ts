import t from 'tap'
import { startSandbox } from '../../src/pixelesq/sandbox/start-sandbox.ts'
import { callCli } from '../fixtures/call-cli.ts'
import { runCli } from '../fixtures/run-cli.ts'
import { DISCOVERY, startIssuer } from '../fixtures/start-issuer.ts'
import { makeBridgeFolder } from '../fixtures/start-test-bridge.ts'

const publish = { source: 'open', on: ['x'], integration: 'ci', action: 'publishPage', with: { pageId: 'pg_status' } }

t.test('check --live asks the endpoint: exit code 0 where everything fits', async t => {
  const sandbox = await startSandbox()
  t.teardown(() => sandbox.close())
  const made = makeBridgeFolder(t, {
    endpoint: sandbox.url,
    mappings: { publish },
    env: { PIXELESQ_TOKEN: 'sandbox-editor-token-0001' },
  })
  const { code, out, err } = await runCli(t, ['check', '--live'], { cwd: made.path })
  t.strictSame([code, err], [0, ''], out)
  t.match(out, /integration "ci": the token is accepted/)
  t.match(out, /schema: 2 operations in use compared with the endpoint, no difference touches them/)
  const json = await callCli(t, ['check', '--live', '--json'], { cwd: made.path })
  t.strictSame(JSON.parse(json.out), { ok: true, problems: [], tests: { passed: 0, failed: 0 } })
})

t.test('a token that may not write is found, with its place: exit code 1', async t => {
  const sandbox = await startSandbox()
  t.teardown(() => sandbox.close())
  const made = makeBridgeFolder(t, {
    endpoint: sandbox.url,
    mappings: { publish },
    env: { PIXELESQ_TOKEN: 'sandbox-viewer-token-0001' },
  })
  const { code, out } = await callCli(t, ['check', '--live', '--json'], { cwd: made.path })
  t.equal(code, 1)
  t.match(JSON.parse(out), {
    ok: false,
    problems: [{ pointer: '/integrations/ci/token', severity: 'error', code: 'live_token' }],
  })
  t.equal((await callCli(t, ['check', '--json'], { cwd: made.path })).code, 0, 'without --live nothing is asked')
})

t.test('after schema pull the pulled schema is what is compared', async t => {
  const sandbox = await startSandbox()
  t.teardown(() => sandbox.close())
  const made = makeBridgeFolder(t, {
    endpoint: sandbox.url,
    mappings: { publish },
    env: { PIXELESQ_TOKEN: 'sandbox-editor-token-0001' },
  })
  t.equal((await callCli(t, ['schema', 'pull'], { cwd: made.path })).code, 0)
  const pulled = made.read('mappings/schema.graphql')
  t.equal((await callCli(t, ['check', '--live'], { cwd: made.path })).code, 0)
  made.write(
    'mappings/schema.graphql',
    pulled.replace('latestRevision: Revision!', 'latestRevision: Revision!\n  extra: Int!'),
  )
  const unused = await callCli(t, ['check', '--live'], { cwd: made.path })
  t.equal(unused.code, 0, unused.out)
  t.match(unused.out, /no difference touches them; 1 difference touches nothing in use/)
  made.write(
    'mappings/schema.graphql',
    pulled.replaceAll('hasUnpublishedChanges: Boolean!', 'hasUnpublishedChanges: Boolean'),
  )
  const used = await callCli(t, ['check', '--live'], { cwd: made.path })
  t.match(
    used.out,
    /warning {2}.*schema\.graphql: \/: expected Page\.hasUnpublishedChanges: Boolean, as in the schema file, found Boolean! at the endpoint; used by page, publishPage/,
  )
})

t.test('check --live asks the issuer of people for its keys too', async t => {
  const sandbox = await startSandbox()
  t.teardown(() => sandbox.close())
  const issuer = await startIssuer(t)
  const admin = { oidc: { issuer: issuer.url, audience: 'bridge', roles: { x: 'viewer' } } }
  const made = makeBridgeFolder(t, {
    endpoint: sandbox.url,
    mappings: { publish },
    env: { PIXELESQ_TOKEN: 'sandbox-editor-token-0001' },
    config: { admin },
  })
  const sound = await callCli(t, ['check', '--live'], { cwd: made.path })
  t.equal(sound.code, 0, sound.out)
  t.match(sound.out, `admin.oidc: ${issuer.url} publishes keys for RS256`)
  issuer.answers[DISCOVERY] = JSON.stringify({ issuer: 'https://login.example.com' })
  const { code, out } = await callCli(t, ['check', '--live', '--json'], { cwd: made.path })
  t.equal(code, 1)
  const found = `${issuer.url}: its discovery document names another issuer`
  t.match(JSON.parse(out), { problems: [{ pointer: '/admin/oidc/issuer', code: 'live_unreachable', found }] })
})
