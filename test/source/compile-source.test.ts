import t, { type Test } from 'tap'
import type { Config } from '../../src/config/load-config.ts'
import { loadConfig } from '../../src/config/load-config.ts'
import { compileSource } from '../../src/source/compile-source.ts'
import type { FoundKey, Source } from '../../src/source/source.ts'
import { makeBridgeFolder, SECRETS } from '../fixtures/start-test-bridge.ts'

function load(t: Test, sources: Record<string, unknown>): Config {
  const folder = makeBridgeFolder(t, { config: { sources } })
  const loaded = loadConfig({ cwd: folder.path, env: {} })
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems))
  return loaded.config
}

function compile(t: Test, source: Record<string, unknown>): Source {
  const compiled = compileSource(load(t, { it: source }).sources.get('it')!, 64)
  if (!compiled.ok) throw new Error(compiled.problems.map(problem => problem.message).join('; '))
  return compiled.source
}

function keyOf(source: Source, body: string, headers: Record<string, string> = {}, query = ''): FoundKey {
  return source.keyOf({ method: 'POST', query, headers, contentType: 'application/json', body: Buffer.from(body) })
}
const ZAPIER = { scheme: 'zapier', secrets: ['env:ZAPIER_TOKEN'] }

const GENERIC: Record<string, Record<string, unknown>> = {
  hmac: { scheme: 'hmac', secrets: ['env:ACME_SECRET'], encoding: 'hex', header: 'x-signature' },
  bearer: { scheme: 'bearer', secrets: ['env:ZAPIER_TOKEN'] },
  header: { scheme: 'header', header: 'x-token', secrets: ['env:ZAPIER_TOKEN'] },
  none: { scheme: 'none', unsigned: true },
}

t.test('a generic source needs no idempotencyKey of its own', async t => {
  for (const [name, source] of Object.entries(GENERIC)) {
    const compiled = compile(t, source)
    t.strictSame(keyOf(compiled, '{}', { 'idempotency-key': 'k' }), { ok: true, key: 'k' }, name)
    t.strictSame(keyOf(compiled, '{}'), { ok: true, key: null }, name)
  }
})

t.test('a key may come from headers, the query or the payload', async t => {
  const fromHeader = compile(t, { scheme: 'github', secrets: ['env:GITHUB_WEBHOOK_SECRET'] })
  t.strictSame(keyOf(fromHeader, 'not JSON', { 'x-github-delivery': 'd' }), { ok: true, key: 'd' }, 'nothing is parsed')
  t.strictSame(keyOf(fromHeader, '{}'), { ok: true, key: null }, 'none came')

  const fromQuery = compile(t, { ...ZAPIER, idempotencyKey: '${query.id}' })
  t.strictSame(keyOf(fromQuery, '{}', {}, 'id=q%201'), { ok: true, key: 'q 1' })

  const fromBody = compile(t, { ...ZAPIER, idempotencyKey: '${payload.a.id}' })
  t.strictSame(keyOf(fromBody, '{"a":{"id":"p"}}'), { ok: true, key: 'p' })
  t.strictSame(keyOf(fromBody, '{"a":{"id":17}}'), { ok: true, key: '17' }, 'a number is a key')
  for (const value of ['""', 'null', 'true', '{}', '[1]', '9007199254740993', '1e400', `"${'x'.repeat(513)}"`])
    t.strictSame(keyOf(fromBody, `{"a":{"id":${value}}}`), { ok: true, key: null }, value.slice(0, 20))
  t.match(keyOf(fromBody, '{"a'), { ok: false, reason: 'malformed_json' })
})

t.test('an expression that does not compile is told with its place', async t => {
  const { sources } = load(t, { it: { ...ZAPIER, idempotencyKey: '${payload.}', eventType: '${nothing.at.all}' } })
  const compiled = compileSource(sources.get('it')!, 64)
  t.match(compiled, { ok: false })
  if (!compiled.ok)
    t.strictSame(
      compiled.problems.map(({ pointer }) => pointer),
      ['/idempotencyKey', '/eventType'],
    )
})

t.test('media types are taken as listed, by suffix, or all', async t => {
  const cases: readonly [string[], string[], string[]][] = [
    [['application/json'], ['application/json'], ['application/xml', 'application/x+json', '']],
    [['application/*+json'], ['application/x+json', 'application/vnd.a.b+json'], ['application/json', 'text/x+json']],
    [['*'], ['', 'anything/at-all'], []],
  ]
  for (const [contentTypes, taken, refused] of cases) {
    const { acceptsContentType } = compile(t, { ...ZAPIER, contentTypes })
    for (const type of taken) t.ok(acceptsContentType(type), `${contentTypes} takes "${type}"`)
    for (const type of refused) t.notOk(acceptsContentType(type), `${contentTypes} refuses "${type}"`)
  }
})

t.test('a ping is told by its header', async t => {
  const github = compile(t, { scheme: 'github', secrets: ['env:GITHUB_WEBHOOK_SECRET'] })
  t.ok(github.isPing({ 'x-github-event': 'ping' }))
  t.notOk(github.isPing({ 'x-github-event': 'push' }))
  t.notOk(github.isPing({}))
  t.notOk(compile(t, ZAPIER).isPing({ 'x-github-event': 'ping' }), 'of its sender only')
})

t.test('the source says which header is a credential', async t => {
  t.strictSame([...compile(t, { ...ZAPIER, header: 'X-Hook-Token' }).secretHeaders], ['x-hook-token'])
  t.strictSame([...compile(t, ZAPIER).secretHeaders], [])
  t.equal(compile(t, ZAPIER).secrets[0]?.value, SECRETS.ZAPIER_TOKEN)
})

t.test('a token in the query is a credential: no key is made of it', async t => {
  const source = compile(t, {
    scheme: 'query-token',
    allowQueryToken: true,
    secrets: ['env:ZAPIER_TOKEN'],
    idempotencyKey: '${query.token}',
  })
  t.strictSame([...source.secretParameters], ['token'])
  t.strictSame(keyOf(source, '{}', {}, 'token=secret'), { ok: true, key: '[redacted]' })
  t.strictSame([...compile(t, ZAPIER).secretParameters], [])
  const body = Buffer.from('{"secret":"x"}')
  t.equal(source.redactBody(body), body)
  const prismic = compile(t, { scheme: 'prismic', secrets: ['env:ZAPIER_TOKEN'] })
  t.equal(String(prismic.redactBody(body)), '{"secret":"*"}')
})
