import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { type Answer, post, SECRETS, SOURCES } from './fixtures/start-test-bridge.ts'
import { emit, INTEGRATION, LIMITS, startWorkerBridge } from './fixtures/start-worker-bridge.ts'

/** What is written down, and what never is. */

const TOKEN = 'canary-api-token/0123+456=789'
const WRONG = 'canary-wrong-credential-0123'
const BASIC = 'canary-user:canary-basic-password-01'
const ROTATED = 'canary-github-secret-rotated-55'

const bridge = await startWorkerBridge(t, {
  env: { PIXELESQ_TOKEN: TOKEN, BASIC },
  sandbox: { tokens: [{ token: TOKEN, role: 'Editor', name: 'canary' }] },
  config: {
    integrations: { ci: INTEGRATION },
    limits: LIMITS,
    sources: {
      ...SOURCES,
      basic: {
        scheme: 'basic',
        secrets: ['env:BASIC'],
        idempotencyKey: SOURCES.open.idempotencyKey,
        eventType: '${payload.type}',
      },
    },
  },
})
const { sandbox } = bridge

/** A secret in the forms in which it could get out. */
function formsOf(secret: string): string[] {
  const bytes = Buffer.from(secret)
  const base64 = [0, 1, 2].map(shift => {
    // as it looks within something longer, whatever stands before it
    const text = Buffer.concat([Buffer.alloc(shift), bytes]).toString('base64')
    return text.slice(Math.ceil((shift * 4) / 3), -4)
  })
  return [secret, JSON.stringify(secret).slice(1, -1), bytes.toString('hex'), encodeURIComponent(secret), ...base64]
}

const answers: Answer[] = []
const JSON_TYPE = { 'content-type': 'application/json' }

t.test('one line a delivery and one an attempt, with the ids that connect them', async t => {
  const id = await emit(bridge, 'read', { n: 'logged' })
  const job = await bridge.job(id)
  const lines = bridge.log().filter(line => line.eventId === id)
  t.strictSame(
    lines.map(({ msg }) => msg),
    ['delivery', 'attempt', 'job'],
  )
  t.match(lines, [
    { level: 'info', source: 'open', outcome: 'recorded', bytes: 14 },
    {
      jobId: job.id,
      mapping: 'read',
      step: 'a',
      operation: 'entries',
      outcome: 'applied',
      verdict: 'applied',
      status: 200,
    },
    { jobId: job.id, mapping: 'read', state: 'succeeded' },
  ])
  const before = bridge.log().length
  await post(`${bridge.url}/hooks/github`, JSON_TYPE, Buffer.from('{}'))
  const refused = bridge
    .log()
    .slice(before)
    .filter(({ msg }) => msg === 'delivery')
  t.match(refused, [{ source: 'github', outcome: 'rejected', reason: 'signature_missing', address: '127.0.0.1' }])
  t.equal(refused.length, 1)
})

t.test('no secret is in a log line, an answer, or the database', async t => {
  // deliveries that carry secrets, right and wrong, in every place they may come in
  for (const secret of [SECRETS.ZAPIER_TOKEN, WRONG]) {
    const headers = {
      ...JSON_TYPE,
      authorization: `Bearer ${secret}`,
      cookie: `session=${secret}`,
      'x-api-key': secret,
    }
    answers.push(await post(`${bridge.url}/hooks/zapier/page.publish`, headers, Buffer.from('{"page":1}')))
  }
  for (const credentials of [BASIC, `canary-user:${WRONG}`]) {
    const authorization = `Basic ${Buffer.from(credentials).toString('base64')}`
    answers.push(await post(`${bridge.url}/hooks/basic`, { ...JSON_TYPE, authorization }, Buffer.from('{"type":"t"}')))
  }
  for (const source of ['github', 'stripe', 'acme'])
    answers.push(await bridge.send(source, { id: source, type: 'x' }, { type: 'push' }))

  // an API that repeats the token it was given, in every kind of answer
  const echoes = [TOKEN, JSON.stringify(TOKEN), encodeURIComponent(TOKEN), `Authorization: Bearer ${TOKEN}`]
  for (const echo of echoes) {
    sandbox.addFault({
      kind: 'graphql-error',
      operation: 'entries',
      message: `bad token ${echo}`,
      code: echo.slice(0, 40),
    })
    await bridge.job(await emit(bridge, 'read', { n: 'echo' }))
    sandbox.addFault({ kind: 'status', operation: 'entries', status: 400, body: `<p>${echo}</p>` })
    await bridge.job(await emit(bridge, 'read', { n: 'echo' }))
    sandbox.addFault({ kind: 'refuse', operation: 'createEntry', message: `no: ${echo}` })
    await bridge.job(await emit(bridge, 'create', { name: 'echo', slug: 'echo' }))
  }
  sandbox.addFault({ kind: 'unauthorized', operation: 'entries' })
  await bridge.settled(await emit(bridge, 'read', { n: 'refused' }), ({ jobs }) => jobs[0]?.reason === 'token_refused')

  // a reload that fails, one that succeeds, and errors of libraries that repeat what they were given
  const good = bridge.folder.read('bridge.json')
  bridge.folder.write('bridge.json', good.replace('"env:ACME_SECRET"', `"${SECRETS.ACME_SECRET}"`))
  t.equal(await bridge.reload('test'), false)
  const ready = await fetch(`${bridge.url}/health/ready`)
  answers.push({ status: ready.status, headers: ready.headers, text: await ready.text(), body: {} })
  bridge.folder.write('bridge.json', good)
  bridge.folder.write('.env', bridge.folder.read('.env').replace(SECRETS.GITHUB_WEBHOOK_SECRET, ROTATED))
  t.equal(await bridge.reload('test'), true)
  for (const secret of [TOKEN, ROTATED, SECRETS.GITHUB_WEBHOOK_SECRET])
    bridge.bridge.log.error({ err: new Error(`invalid header "${secret}"`) }, 'a library failed')

  const details = bridge.rows<{ seq: number }>('select seq from event').map(({ seq }) => `evt_1_${seq.toString(36)}`)
  const events = JSON.stringify(await Promise.all(details.map(id => bridge.bridge.store.readEvent(id))))
  t.match(events, 'echo')
  await bridge.stop()
  const folder = join(bridge.folder.path, 'data')
  const files = readdirSync(folder).map(name => readFileSync(join(folder, name)).toString('latin1'))
  t.ok(files.some(bytes => bytes.length > 50_000))

  const places: Record<string, string> = {
    'the log': bridge.logText(),
    'the answers': JSON.stringify(answers.map(({ headers, text }) => [[...headers], text])),
    'the events': events,
    'the database': files.join(''),
  }
  const secrets = [
    ...Object.values(SECRETS).filter(secret => secret.startsWith('canary')),
    TOKEN,
    WRONG,
    BASIC,
    ROTATED,
    SECRETS.STRIPE_WEBHOOK_SECRET,
  ]
  for (const [place, text] of Object.entries(places)) {
    const found = secrets.filter(secret => formsOf(secret).some(form => text.includes(form)))
    t.strictSame(found, [], place)
  }
})
