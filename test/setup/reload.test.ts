import { renameSync, rmSync, unlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import t from 'tap'
import { readOperation } from '../fixtures/call-sandbox.ts'
import { envText, SECRETS, startTestBridge, type TestBridge, waitFor } from '../fixtures/start-test-bridge.ts'
import { one } from '../fixtures/start-worker-bridge.ts'

/** Everything here is seen by the watcher alone: nobody asks for a reload unless it says so. */

/** A change must be in force within 1 s; the bound is wider because the machine may be busy, and nothing is timed. */
const IN_FORCE_MAX_MS = 5_000

// each has a bridge of its own
t.jobs = 4

const search = (text: string) => one('x', 'entries', { collectionId: 'col_products', search: text })

function inForce(
  bridge: TestBridge,
  what: string,
  look: (live: TestBridge['bridge']['live']) => boolean,
): Promise<true> {
  return waitFor(what, () => look(bridge.bridge.live) || null, IN_FORCE_MAX_MS)
}
const generationOf = (bridge: TestBridge): number => bridge.bridge.live.setup.generation
async function readReady(bridge: TestBridge): Promise<{ status: number; reasons: string[] }> {
  const answer = await bridge.app.inject({ url: '/health/ready' })
  return { status: answer.statusCode, reasons: JSON.parse(answer.body).reasons }
}
/** As editors and git write: a new file takes the place of the old one. */
function replace(bridge: TestBridge, file: string, content: unknown): void {
  bridge.folder.write(`${file}.tmp~`, content)
  renameSync(join(bridge.folder.path, `${file}.tmp~`), join(bridge.folder.path, file))
}

t.test('bridge.json, mappings and operations come into force by themselves, however often they change', async t => {
  const bridge = await startTestBridge(t, { mappings: { x: search('0') } })
  const mappingIs = (text: string) => (live: TestBridge['bridge']['live']) =>
    JSON.stringify(live.setup.mappings.get('x')?.json).includes(`"${text}"`)

  for (const text of ['1', '2']) {
    bridge.folder.write('mappings/x.json', search(text))
    await inForce(bridge, `mapping ${text}`, mappingIs(text))
  }
  for (const text of ['3', '4', '5']) {
    replace(bridge, 'mappings/x.json', search(text))
    await inForce(bridge, `mapping ${text}, replaced`, mappingIs(text))
  }
  const job = await bridge.job(await bridge.deliver('open', { a: 1 }, { type: 'x' }))
  t.match(job, { state: 'succeeded', history: [{ variables: /"search":"5"/ }] })

  bridge.folder.write('mappings/y.json', search('y'))
  await inForce(bridge, 'a new mapping', live => live.setup.mappings.has('y'))
  unlinkSync(join(bridge.folder.path, 'mappings/y.json'))
  await inForce(bridge, 'a mapping that is gone', live => !live.setup.mappings.has('y'))

  for (const n of [1, 2, 3]) {
    const document = `# ${n}\n${readOperation('entries')}`
    replace(bridge, 'mappings/operations/entries.graphql', document)
    await inForce(bridge, `operation ${n}`, live => live.setup.operations.get('entries')?.document === document)
  }
  rmSync(join(bridge.folder.path, 'mappings/operations'), { recursive: true })
  await inForce(
    bridge,
    'the shipped operation',
    live => live.setup.operations.get('entries')?.document === readOperation('entries'),
  )
  bridge.folder.write('mappings/operations/entries.graphql', `# new folder\n${readOperation('entries')}`)
  await inForce(bridge, 'an operation in a new folder', live =>
    live.setup.operations.get('entries')!.document.startsWith('# new folder'),
  )

  const config = JSON.parse(bridge.folder.read('bridge.json'))
  for (const attempts of [3, 4]) {
    replace(bridge, 'bridge.json', { ...config, limits: { attempts } })
    await inForce(bridge, `attempts ${attempts}`, live => live.setup.config.limits.attemptsMax === attempts)
  }
  t.strictSame(await readReady(bridge), { status: 200, reasons: [] })
})

t.test('a broken edit changes nothing, is shown, and the next good one is in force', async t => {
  const bridge = await startTestBridge(t, { mappings: { x: search('good') } })
  let before = bridge.bridge.live.setup
  const edits: readonly [string, unknown, RegExp][] = [
    [
      'mappings/x.json',
      { ...search('bad'), source: 'nobody' },
      /^not reloaded: .*mappings\/x\.json: \/source: expected one of .*, found "nobody"/,
    ],
    ['mappings/x.json', '{"source": ', /mappings\/x\.json: \/: expected a value, found the end of the file/],
    ['mappings/z.json', one('z', 'entriez', {}), /mappings\/z\.json: \/steps\/0\/operation: expected an operation/],
    ['mappings/operations/entries.graphql', 'query entries {', /operations\/entries\.graphql/],
    [
      'bridge.json',
      { listen: { port: 'x' } },
      /bridge\.json: \/listen\/port: expected a port from 0 to 65535, found "x"/,
    ],
  ]
  for (const [file, content, reason] of edits) {
    const good = file === 'bridge.json' || file === 'mappings/x.json' ? bridge.folder.read(file) : null
    // a good change beside the broken one: both or neither
    bridge.folder.write(file, content)
    if (file !== 'mappings/x.json') bridge.folder.write('mappings/x.json', search('beside'))
    const { reasons } = await waitFor(
      `${file} to be refused`,
      async () => {
        const ready = await readReady(bridge)
        return ready.status === 503 && ready.reasons.some(text => reason.test(text)) ? ready : null
      },
      IN_FORCE_MAX_MS,
    )
    t.ok(reasons.length >= 1)
    t.equal(bridge.bridge.live.setup, before, `${file}: the last good set is in force`)
    t.equal(
      (await bridge.job(await bridge.deliver('open', { file, reason: String(reason) }, { type: 'x' }))).state,
      'succeeded',
    )
    t.ok(
      bridge
        .log()
        .some(
          line =>
            line.level === 'error' &&
            reason.test(`not reloaded: ${(line.problems as string[] | undefined)?.join('\n')}`),
        ),
      'and it is logged',
    )
    bridge.folder.write('mappings/x.json', search('good'))
    if (good !== null) bridge.folder.write(file, good)
    else unlinkSync(join(bridge.folder.path, file))
    await waitFor(
      'the files to be good again',
      async () => (await readReady(bridge)).status === 200 || null,
      IN_FORCE_MAX_MS,
    )
    before = bridge.bridge.live.setup
  }
})

t.test('a secret rotated in .env counts from then on, and the old one no longer', async t => {
  const bridge = await startTestBridge(t)
  const old = bridge.bridge.live.setup.config.sources.get('zapier')!
  const ask = async (token: string): Promise<number> => {
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` }
    return (await bridge.app.inject({ method: 'POST', url: '/hooks/zapier/x', headers, payload: '{}' })).statusCode
  }
  t.equal(await ask(SECRETS.ZAPIER_TOKEN), 200)
  const rotated = 'canary-zapier-token-rotated-42'
  replace(bridge, '.env', envText({ ...SECRETS, ZAPIER_TOKEN: rotated }))
  await inForce(
    bridge,
    'the new secret',
    ({ setup }) =>
      setup.config.sources.get('zapier') !== old && setup.config.sources.get('zapier')?.secrets[0]?.value === rotated,
  )
  t.strictSame([await ask(SECRETS.ZAPIER_TOKEN), await ask(rotated)], [401, 200])
  bridge.bridge.log.error({ err: new Error(`a library repeats ${rotated} and ${SECRETS.ZAPIER_TOKEN}`) }, 'leak')
  t.notMatch(bridge.logText(), rotated)
  t.notMatch(bridge.logText(), SECRETS.ZAPIER_TOKEN)
})

t.test('two secrets overlap until the old one expires', async t => {
  const bridge = await startTestBridge(t, {
    env: { OLD: 'canary-old-token-0123456789', GONE: 'canary-gone-token-0123456789' },
    config: {
      sources: {
        zapier: {
          scheme: 'zapier',
          secrets: [
            'env:ZAPIER_TOKEN',
            { ref: 'env:OLD', expires: '2999-01-01T00:00:00Z' },
            { ref: 'env:GONE', expires: '2001-01-01T00:00:00Z' },
          ],
        },
      },
    },
  })
  const statuses = []
  for (const token of [SECRETS.ZAPIER_TOKEN, 'canary-old-token-0123456789', 'canary-gone-token-0123456789'])
    statuses.push(
      (await bridge.send('zapier', { token: statuses.length }, { headers: { authorization: `Bearer ${token}` } }))
        .status,
    )
  t.strictSame(statuses, [200, 200, 401])
  await bridge.stop()
  t.match(bridge.rows('select reason from rejected_delivery'), [{ reason: 'secret_expired' }])
})

t.test('another mapping folder is watched once it is in force', async t => {
  const bridge = await startTestBridge(t, { mappings: { x: search('x') } })
  bridge.folder.write('other/first.json', search('first'))
  bridge.folder.write('bridge.json', { ...JSON.parse(bridge.folder.read('bridge.json')), mappings: 'other' })
  await inForce(bridge, 'the other folder', live => live.setup.mappings.has('first'))
  bridge.folder.write('other/second.json', search('second'))
  await inForce(bridge, 'a change in it', live => live.setup.mappings.has('second'))
  t.notOk(bridge.bridge.live.setup.mappings.has('x'))
})

t.test('the .env that was read is watched, also where bridge.json lies elsewhere', async t => {
  const bridge = await startTestBridge(t, { processEnv: {} })
  bridge.folder.write('elsewhere/bridge.json', {
    ...JSON.parse(bridge.folder.read('bridge.json')),
    mappings: '../mappings',
    store: 'sqlite:../data/other.db',
  })
  const other = await startTestBridge(t, {
    folder: bridge.folder,
    processEnv: { BRIDGE_CONFIG: 'elsewhere/bridge.json' },
  })
  const before = generationOf(other)
  bridge.folder.write('.env', envText({ ...SECRETS, ZAPIER_TOKEN: 'canary-zapier-token-elsewhere' }))
  await inForce(other, 'a reload', () => generationOf(other) > before)
  t.equal(other.bridge.live.setup.config.sources.get('zapier')?.secrets[0]?.value, 'canary-zapier-token-elsewhere')
})

t.test('reloads that overlap come into force in their order', async t => {
  const bridge = await startTestBridge(t, { mappings: { x: search('0') } })
  const reloads = []
  for (let n = 1; n <= 20; n++) {
    writeFileSync(join(bridge.folder.path, 'mappings/x.json'), JSON.stringify(search(String(n))))
    reloads.push(bridge.reload('test'))
  }
  t.strictSame([...new Set(await Promise.all(reloads))], [true])
  t.match(JSON.stringify(bridge.bridge.live.setup.mappings.get('x')?.json), '"20"')
})

t.test('a reload that the store cannot take is made later, and the bridge lives', async t => {
  const bridge = await startTestBridge(t)
  const other = new Database(bridge.databaseFile)
  t.teardown(() => other.close())
  other.exec('begin immediate')
  bridge.folder.write('mappings/late.json', search('late'))
  t.equal(await bridge.reload('test'), false)
  t.notOk(bridge.bridge.live.setup.mappings.has('late'), 'not in force, because its tokens are not in the ledger')
  other.exec('rollback')
  await waitFor('the reload to be made', () => bridge.bridge.live.setup.mappings.has('late') || null)
  t.ok(bridge.log().some(line => line.msg === 'the files could not be reloaded; trying again'))
})

t.test('a reload asked for while it stops does nothing', async t => {
  const bridge = await startTestBridge(t)
  bridge.folder.write('mappings/x.json', search('x'))
  const stopping = bridge.stop()
  const results = await Promise.all([bridge.reload('one'), bridge.reload('two')])
  await stopping
  t.equal(results.length, 2)
  t.equal(await bridge.reload('after'), false)
})
