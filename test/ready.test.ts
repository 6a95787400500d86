import t from 'tap'
import { SOURCES, startTestBridge } from './fixtures/start-test-bridge.ts'

const bridge = await startTestBridge(t)

async function readHealth(what: 'live' | 'ready'): Promise<{ status: number; body: Record<string, unknown> }> {
  const answer = await bridge.app.inject({ url: `/health/${what}` })
  return { status: answer.statusCode, body: JSON.parse(answer.body) }
}

t.test('a bridge that is up and can write is live and ready; an unsigned source is a warning', async t => {
  t.strictSame(await readHealth('live'), { status: 200, body: { status: 'live' } })
  t.strictSame(await readHealth('ready'), {
    status: 200,
    body: {
      status: 'ready',
      reasons: [],
      warnings: ['source "open" is unsigned: anybody who knows its URL can send to it'],
    },
  })
  t.ok(
    bridge.log().some(line => line.level === 'warn' && line.source === 'open'),
    'and one in the log',
  )
})

t.test('a file that is not in force shows, until it is put right', async t => {
  const good = bridge.folder.read('bridge.json')
  const { open: _open, ...signed } = SOURCES
  bridge.folder.write('bridge.json', { ...JSON.parse(good), sources: { ...signed, x: { scheme: 'gitlub' } } })
  t.equal(await bridge.reload('test'), false)
  const { status, body } = await readHealth('ready')
  t.equal(status, 503)
  t.match(body, {
    status: 'not_ready',
    reasons: [/^not reloaded: .*bridge\.json: \/sources\/x\/scheme: expected one of /],
  })
  t.equal((await bridge.send('open', { still: 'taken' })).status, 200, 'the last good setup is in force')

  bridge.folder.write('bridge.json', { ...JSON.parse(good), sources: signed })
  t.equal(await bridge.reload('test'), true)
  t.strictSame(await readHealth('ready'), { status: 200, body: { status: 'ready', reasons: [], warnings: [] } })
})

t.test('while it shuts down every answer is 503 with Connection: close', async t => {
  bridge.bridge.closing = true
  t.teardown(() => {
    bridge.bridge.closing = false
  })
  for (const [method, url] of [
    ['GET', '/health/ready'],
    ['POST', '/hooks/github'],
    ['POST', '/hooks/nobody'],
  ] as const) {
    const answer = await bridge.app.inject({ method, url })
    t.equal(answer.statusCode, 503, url)
    t.equal(answer.headers.connection, 'close')
    t.equal(answer.headers['retry-after'], '5')
    t.match(JSON.parse(answer.body), { error: { code: 'shutting_down' } })
  }
})
