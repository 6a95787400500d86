import { randomBytes } from 'node:crypto'
import t, { type Test } from 'tap'
import { fingerprintToken } from '../../src/ledger/fingerprint.ts'
import { ADMIN_KEY } from '../fixtures/call-api.ts'
import { callCli } from '../fixtures/call-cli.ts'
import { callClient } from '../fixtures/call-client.ts'
import { findSpellings } from '../fixtures/find-secrets.ts'
import { type Running, runCli, startCli } from '../fixtures/run-cli.ts'
import {
  envText,
  makeBridgeFolder,
  post,
  SECRETS,
  startTestBridge,
  type TestBridge,
  waitFor,
} from '../fixtures/start-test-bridge.ts'

const MASTER = randomBytes(32).toString('hex')
const SEALED = 'canary-sealed-token-0123456789'
const env = { BRIDGE_ADMIN_KEY: ADMIN_KEY, BRIDGE_MASTER_KEY: MASTER }
t.jobs = 2

const start = (t: Test, config: Record<string, unknown> = {}): Promise<TestBridge> =>
  startTestBridge(t, { env, config })
function run(t: Test, bridge: TestBridge, args: readonly string[], stdin?: string): Running {
  const settings = { BRIDGE_URL: bridge.url, BRIDGE_ADMIN_KEY: ADMIN_KEY }
  return startCli(t, args, { cwd: bridge.folder.path, env: settings, ...(stdin !== undefined && { stdin }) })
}

t.test('a secret is set from standard input, listed without its value, sealed anew and deleted', async t => {
  const bridge = await start(t)
  t.match(await callClient(t, bridge.url, ['secrets']), { code: 0, out: 'no sealed secrets\n' })
  const set = run(t, bridge, ['secrets', 'set', 'shop'], `${SEALED}\r\n`)
  const print = fingerprintToken(SEALED)
  t.match(await set.ended, { code: 0, out: `shop  sealed  fingerprint ${print}\n`, err: '' }, 'without the line break')

  const { code, out } = await callClient(t, bridge.url, ['secrets', 'list'])
  t.equal(code, 0)
  const [head, line] = out.split('\n')
  t.match(head, /^secret +fingerprint +master key +sealed +in use$/)
  t.match(line, new RegExp(`^shop +${print} +[0-9a-f]{16} +\\d{4}-[^ ]+Z +no$`))
  const json = await callClient(t, bridge.url, ['secrets', '--json'])
  t.match(JSON.parse(json.out), { secrets: [{ name: 'shop', fingerprint: print, inUse: false }] })

  t.match(await callClient(t, bridge.url, ['secrets', 'reseal']), {
    code: 1,
    err: /409 master_key_unusable: expected BRIDGE_MASTER_KEY_NEW in the environment of the service: .*, found nothing\n$/,
  })
  const next = randomBytes(32).toString('base64')
  bridge.folder.write('.env', envText({ ...SECRETS, ...env, BRIDGE_MASTER_KEY_NEW: next }))
  const resealed = await callClient(t, bridge.url, ['secrets', 'reseal'])
  t.match(resealed, {
    code: 0,
    out: /^1 secrets are sealed with the key [0-9a-f]{16} now\nMake BRIDGE_MASTER_KEY_NEW the BRIDGE_MASTER_KEY/,
  })
  t.match(await callClient(t, bridge.url, ['secrets', 'delete', 'shop']), { code: 0, out: 'shop  deleted\n' })
  t.match(await callClient(t, bridge.url, ['secrets', 'delete', 'shop']), { code: 1, err: /404 not_found/ })
  for (const text of [out, json.out, resealed.out]) t.same(findSpellings(text, SEALED), [])
})

t.test('a secret that is refused, or not in force, is said with exit code 1', async t => {
  const bridge = await start(t)
  t.match(await run(t, bridge, ['secrets', 'set', 'shop'], '').ended, {
    code: 2,
    err: /expected a secret on standard input/,
  })
  t.match(await run(t, bridge, ['secrets', 'set', 'shop'], 'short').ended, {
    code: 1,
    err: /value: expected text of 16 to/,
  })
  t.match(await run(t, bridge, ['secrets', 'set', 'Shop'], SEALED).ended, { code: 1, err: /name: expected lower-case/ })
  t.match(await run(t, bridge, ['secrets', 'set', 'shop', SEALED], '').ended, { code: 2 }, 'never as an argument')
  const sources = { hub: { scheme: 'svix', secrets: ['sealed:shop'] } }
  bridge.folder.write('bridge.json', { ...JSON.parse(bridge.folder.read('bridge.json')), sources })
  const late = await run(t, bridge, ['secrets', 'set', 'shop'], SEALED).ended
  t.equal(late.code, 1)
  t.match(
    late.err,
    /^not in force yet: the files on disk are not valid\n {2}.*\/sources\/hub\/secrets\/0: expected a whsec_/,
  )
  t.same(findSpellings(late.out + late.err, SEALED), [])
})

t.test('a window for a secret is waited for, shown, and ended with the command', async t => {
  const sources = { notion: { scheme: 'notion', capture: true }, asana: { scheme: 'asana', capture: true } }
  const bridge = await start(t, { sources })
  const token = `secret_${randomBytes(24).toString('hex')}`
  const waiting = run(t, bridge, ['sources', 'capture', 'notion', '--minutes', '2'])
  await waiting.says(/^notion takes its secret over until \S+Z: set the sender up now/)
  const body = Buffer.from(JSON.stringify({ verification_token: token }))
  t.equal((await post(`${bridge.url}/hooks/notion`, { 'content-type': 'application/json' }, body)).status, 200)
  const ended = await waiting.ended
  t.equal(ended.code, 0)
  t.match(ended.out, `captured  fingerprint ${fingerprintToken(token)}\n`)
  t.match(ended.out, `for the page of the sender: ${token}\n`)

  const left = run(t, bridge, ['sources', 'capture', 'asana', '--json'])
  await left.says(/"kind":"open"/)
  left.child.kill('SIGINT')
  await left.ended
  await waitFor('the window to be closed', () => bridge.bridge.captures.find('asana') === null)

  t.match(await callClient(t, bridge.url, ['sources', 'capture', 'notion']), { code: 1, err: /409 secret_exists/ })
  t.match(await callClient(t, bridge.url, ['sources', 'capture', 'nobody']), { code: 1, err: /404 not_found/ })
  t.match(await callClient(t, bridge.url, ['sources', 'capture', 'asana', '--minutes', '0']), { code: 2 })
})

t.test('a start without the master key ends with 78 and says which place needs it', async t => {
  const config = {
    sources: { hub: { scheme: 'github', secrets: ['sealed:hub'] }, asana: { scheme: 'asana', capture: true } },
  }
  const folder = makeBridgeFolder(t, { config })
  const { code, err } = await runCli(t, ['start'], { cwd: folder.path })
  t.equal(code, 78)
  t.match(
    err,
    /bridge\.json: \/sources\/hub\/secrets\/0: expected a secret sealed as "hub" \(pixelesq-bridge secrets set hub; with --stopped while the service does not run\), found none/,
  )
  t.match(
    err,
    /bridge\.json: \/sources\/asana\/capture: expected BRIDGE_MASTER_KEY in the environment .*, found nothing/,
  )
})

t.test('a fresh install whose secrets are all sealed: they are set while nothing runs, then it starts', async t => {
  const config = {
    integrations: { ci: { token: 'sealed:ci' } },
    sources: { hub: { scheme: 'github', secrets: ['sealed:hub'] } },
  }
  const folder = makeBridgeFolder(t, { config })
  const { path: cwd } = folder
  const set = (name: string, value: string, ...rest: string[]) =>
    startCli(t, ['secrets', 'set', name, '--stopped', ...rest], { cwd, stdin: value }).ended
  t.match(await set('hub', SEALED), {
    code: 1,
    err: /^expected BRIDGE_MASTER_KEY in the environment .*, found nothing\n$/,
  })
  folder.write('.env', envText({ ...SECRETS, ...env }))
  t.match(await set('Hub', SEALED), { code: 2, err: /expected a name of lower-case letters/ })
  t.match(await set('hub', 'short'), { code: 1, err: /^value: expected text of 16 to/ })

  const print = fingerprintToken(SEALED)
  t.match(await set('hub', `${SEALED}\n`), { code: 0, out: `hub  sealed  fingerprint ${print}\n`, err: '' })
  t.match(await runCli(t, ['start'], { cwd }), { code: 78, err: /sealed as "ci" \(pixelesq-bridge secrets set ci;/ })
  const json = await set('ci', SECRETS.PIXELESQ_TOKEN, '--json')
  t.equal(json.code, 0)
  t.same(JSON.parse(json.out), { name: 'ci', fingerprint: fingerprintToken(SECRETS.PIXELESQ_TOKEN) })

  const bridge = await startTestBridge(t, { folder })
  const listed = await callClient(t, bridge.url, ['secrets', '--json'])
  t.match(
    JSON.parse(listed.out)
      .secrets.map(({ name }: { name: string }) => name)
      .sort(),
    ['ci', 'hub'],
  )
  t.match(await bridge.send('hub', { zen: 'x' }), { status: 200 }, 'and it takes what is signed with it')
  t.match(await set('ci', SEALED), { code: 1, err: /^Another process holds / }, 'not while it runs')
  const entries = await callClient(t, bridge.url, ['audit', '--action', 'secret.sealed', '--json'])
  t.equal(entries.out.match(/"actor":"bridge"/g)?.length, 2, 'and it is in the audit')
})

t.test(
  'commands that do not ask the service take a sealed secret as it stands, or say that they cannot use it',
  async t => {
    const rename = {
      source: 'hub',
      integration: 'ci',
      steps: [{ id: 'a', operation: 'entries', variables: { collectionId: 'c' } }],
    }
    const config = {
      integrations: { ci: { token: 'sealed:ci' } },
      sources: { hub: { scheme: 'github', secrets: ['sealed:hub'] } },
    }
    const { path: cwd, write } = makeBridgeFolder(t, { config, mappings: { rename } })
    write('p.json', {})
    const checked = await callCli(t, ['check'], { cwd })
    t.equal(checked.code, 0)
    for (const place of ['/integrations/ci/token', '/sources/hub/secrets/0'])
      t.match(checked.out, `note  ${place}: sealed in the store; looked at when the service starts\n`)
    t.equal((await callCli(t, ['check', '--strict'], { cwd })).code, 0, 'nothing is wrong with it')
    t.match(await callCli(t, ['check', '--live'], { cwd }), {
      code: 0,
      out: /without a token the endpoint cannot be asked/,
    })
    t.match(await callCli(t, ['try', 'rename', '--payload', 'p.json'], { cwd }), { code: 0 })
    for (const [args, place] of [
      [['send', 'hub', '--payload', 'p.json'], '/sources/hub/secrets/0'],
      [['schema', 'pull'], '/integrations/ci/token'],
      [['try', 'rename', '--payload', 'p.json', '--plan'], '/integrations/ci/token'],
    ] as const) {
      const { code, err } = await callCli(t, args, { cwd })
      t.equal(code, 1)
      t.match(
        err,
        `${place}: expected a secret that this command can read (env:NAME or file:/path), found one that is sealed`,
      )
    }
  },
)
