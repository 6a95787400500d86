import { spawn } from 'node:child_process'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { loadConfig } from '../../src/config/load-config.ts'
import { keySetOf, makeIssuer, makeToken } from '../fixtures/make-token.ts'
import { startTestBridge } from '../fixtures/start-test-bridge.ts'
import { readBlocks, readDoc } from './read-docs.ts'

const text = readDoc('docs/ci.md')
const blocks = readBlocks(text, 'ci')
const workflow = blocks.get('github')!
const mapping = JSON.parse(blocks.get('mapping')!) as unknown
const sources = Object.assign(
  {},
  ...[...text.matchAll(/```json\n("[\s\S]*?)\n```/g)].map(([, source]) => JSON.parse(`{${source}}`)),
) as Record<string, Record<string, unknown>>
const { actions } = sources as { actions: { audience: string; claims: Record<string, string> } }

/** The lines of the step's `run`, as the runner would hand them to bash. */
function readScript(): string {
  const lines = workflow.split('\n')
  const start = lines.findIndex(line => line.trim() === 'run: |') + 1
  const indent = lines[start]!.search(/\S/)
  return lines
    .slice(start)
    .map(line => line.slice(indent))
    .join('\n')
}

const github = makeIssuer('github-key')

/** The runner's address for tokens: the audience is chosen by who asks, everything else says who that is. */
async function startTokenServer(claims: object): Promise<string> {
  const server = createServer((request, response) => {
    const { searchParams } = new URL(request.url!, 'http://runner')
    if (request.headers.authorization !== 'Bearer runner-token') return void response.writeHead(401).end()
    const now = Math.floor(Date.now() / 1_000)
    const times = { iat: now, nbf: now - 300, exp: now + 21_600 }
    const token = makeToken(github, {
      iss: 'https://token.actions.githubusercontent.com',
      aud: searchParams.get('audience'),
      jti: `jti-${now}-${Math.random()}`,
      ...times,
      ...claims,
    })
    response.end(JSON.stringify({ count: 1, value: token }))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => void server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/token?api-version=2.0`
}

/** Runs the step as a runner does: `bash -e`, with what the workflow and the runner set. */
async function runStep(bridgeUrl: string, tokenUrl: string): Promise<{ code: number | null; out: string }> {
  const child = spawn('bash', ['-e', '-c', readScript()], {
    env: {
      PATH: process.env.PATH,
      BRIDGE: `${bridgeUrl}/hooks/actions/deploy.succeeded`,
      AUDIENCE: actions.audience,
      GITHUB_SHA: '0abc1234e5af99dead',
      ACTIONS_ID_TOKEN_REQUEST_URL: tokenUrl,
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'runner-token',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let out = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', chunk => (out += chunk))
  const code = await new Promise<number | null>(resolve => child.on('close', resolve))
  return { code, out }
}

/** Where the issuer publishes its keys. */
async function startKeyServer(): Promise<string> {
  const server = createServer((_, response) => void response.end(keySetOf(github)))
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => void server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/.well-known/jwks`
}

t.test('the step of the workflow publishes, fails where the publish fails, and is refused to anybody else', async t => {
  const source = { ...actions, jwks: await startKeyServer() }
  const bridge = await startTestBridge(t, { config: { sources: { actions: source } }, mappings: { publish: mapping } })
  const published = (): number =>
    bridge.sandbox
      .readLedger()
      .entries.filter(({ operationName, effects }) => operationName === 'publishPage' && effects > 0).length

  const tokens = await startTokenServer(actions.claims)
  const done = await runStep(bridge.url, tokens)
  t.equal(done.code, 0, done.out)
  t.match(
    done.out,
    /"outcome":"recorded","routed":"matched","jobs":\[\{"id":"job_[^"]+","mapping":"publish","state":"succeeded"/,
  )
  t.equal(published(), 1)

  bridge.sandbox.addFault({ kind: 'graphql-error', code: 'BAD_USER_INPUT', times: 20 })
  const failed = await runStep(bridge.url, tokens)
  t.not(failed.code, 0)
  t.match(failed.out, /424[\s\S]*"state":"dead"/)
  t.equal(published(), 1)

  const other = await runStep(bridge.url, await startTokenServer({ ...actions.claims, repository_id: '666' }))
  t.not(other.code, 0)
  t.match(other.out, /401[\s\S]*unauthorized/)
  const branch = await runStep(bridge.url, await startTokenServer({ ...actions.claims, ref: 'refs/heads/evil' }))
  t.not(branch.code, 0)
  t.equal(bridge.rows('select seq from event').length, 2)
  const log = bridge.logText()
  for (const [token] of `${done.out}${failed.out}`.matchAll(/eyJ[\w-]+\.[\w-]+\.[\w-]+/g)) t.notOk(log.includes(token))
  for (const { id } of bridge.rows<{ id: number }>('select seq as id from event')) {
    const { event } = (await bridge.bridge.store.readEvent(`evt_1_${id}`))!
    t.match(JSON.stringify(event.headers), '"authorization","[redacted]"', 'no token is kept')
  }
})

t.test('the sources are sound as they are written', async t => {
  const loaded = loadConfig({ cwd: t.testdir({ 'bridge.json': JSON.stringify({ sources }), mappings: {} }), env: {} })
  t.ok(loaded.ok, loaded.ok ? '' : JSON.stringify(loaded.problems))
  t.match(workflow, `AUDIENCE: ${actions.audience}`)
  t.match(workflow, 'id-token: write')
})
