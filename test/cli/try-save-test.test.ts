import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { callCli } from '../fixtures/call-cli.ts'
import { openSandbox } from '../fixtures/call-sandbox.ts'
import { runCli } from '../fixtures/run-cli.ts'
import { type Folder, makeBridgeFolder, SECRETS } from '../fixtures/start-test-bridge.ts'

const mappings = {
  price: {
    source: 'open',
    on: ['price'],
    integration: 'ci',
    when: "payload.price != null && default(headers['x-skip'], '') == ''",
    action: 'updateEntry',
    with: { entryId: '${payload.id}', content: { price: '${payload.price}' } },
  },
  simple: {
    source: 'open',
    integration: 'ci',
    steps: [{ id: 'a', operation: 'deleteEntry', variables: { entryId: '${payload.id}' } }],
  },
  big: {
    source: 'open',
    integration: 'ci',
    steps: [{ id: 'a', operation: 'deleteEntry', variables: { entryId: 'x' } }],
  },
}

const attempt = (_folder: Folder, mapping: string, name: string, ...more: string[]) => [
  'try',
  mapping,
  '--payload',
  'p.json',
  '--type',
  'price',
  '--save-test',
  name,
  ...more,
]
const check = async (t: Parameters<typeof callCli>[0], { path: cwd }: Folder) =>
  JSON.parse((await callCli(t, ['check', '--json'], { cwd })).out) as { ok: boolean; problems: object[]; tests: object }

t.test('a trial is saved as a test that check runs, beside those that are there', async t => {
  const folder = makeBridgeFolder(t, { mappings })
  const { path: cwd } = folder
  folder.write('p.json', { id: 'ent_pro', price: 39 })
  const { code, out } = await runCli(t, attempt(folder, 'simple', 'deletes'), { cwd })
  t.equal(code, 0)
  t.match(out, /\nsaved {2}.*mappings\/simple\.test\.json {2}"deletes"\n$/)
  t.strictSame(JSON.parse(folder.read('mappings/simple.test.json')), {
    tests: [
      {
        name: 'deletes',
        event: { type: 'price', payload: { id: 'ent_pro', price: 39 } },
        expect: { matched: true, operations: [{ operation: 'deleteEntry', variables: { entryId: 'ent_pro' } }] },
      },
    ],
  })
  t.equal((await callCli(t, attempt(folder, 'simple', 'again'), { cwd })).code, 0)
  const tests = JSON.parse(folder.read('mappings/simple.test.json')).tests as { name: string }[]
  t.strictSame(
    tests.map(({ name }) => name),
    ['deletes', 'again'],
  )
  t.match(await check(t, folder), { ok: true, problems: [], tests: { passed: 2, failed: 0 } })

  const before = folder.read('mappings/simple.test.json')
  const taken = await callCli(t, attempt(folder, 'simple', 'again'), { cwd })
  t.match(taken, { code: 1, err: /expected another name than "again", found a test of that name/ })
  t.equal(folder.read('mappings/simple.test.json'), before)
  t.strictSame(
    readdirSync(join(cwd, 'mappings')).filter(name => name.startsWith('.')),
    [],
  )
})

t.test('with --plan the answers are saved, so that the test knows what was written', async t => {
  const sandbox = await openSandbox(t)
  const folder = makeBridgeFolder(t, { mappings, endpoint: sandbox.url })
  const { path: cwd } = folder
  folder.write('p.json', { id: 'ent_pro', price: 39 })
  const { code } = await callCli(
    t,
    attempt(folder, 'price', 'dearer', '--plan', '--header', `Authorization: ${SECRETS.ACME_SECRET}`),
    { cwd },
  )
  t.equal(code, 0)
  const text = folder.read('mappings/price.test.json')
  t.match(JSON.parse(text).tests[0], {
    event: { headers: { authorization: '[redacted]' } },
    answers: { entry: { entry: { id: 'ent_pro', content: { price: 29 } } } },
    expect: {
      operations: [{ operation: 'entry' }, { operation: 'updateEntry', variables: { content: { price: 39 } } }],
    },
  })
  t.notMatch(text, SECRETS.ACME_SECRET)
  t.notMatch(text, SECRETS.PIXELESQ_TOKEN)
  t.match(await check(t, folder), { ok: true, problems: [], tests: { passed: 1, failed: 0 } })
  t.equal(sandbox.readLedger().effects, 0)

  folder.write('mappings/price.json', { ...mappings.price, with: { entryId: '${payload.id}', content: { price: 1 } } })
  t.match(await check(t, folder), { ok: false, problems: [{ code: 'test_failed' }] }, 'and it notices a change')
})

t.test('without --plan it says what is known before the first answer', async t => {
  const folder = makeBridgeFolder(t, { mappings })
  folder.write('p.json', { id: 'ent_pro', price: 39 })
  const { out } = await callCli(t, attempt(folder, 'price', 'half'), { cwd: folder.path })
  t.match(out, /saved .* up to the first answer it needs: --plan saves the answers too\n$/)
  t.match(JSON.parse(folder.read('mappings/price.test.json')).tests[0].expect, {
    matched: true,
    operations: [{ operation: 'entry', variables: { entryId: 'ent_pro' } }],
  })
  t.match(await check(t, folder), { ok: true, problems: [], tests: { passed: 1, failed: 0 } })
})

t.test('that a payload does not match can be saved too; a list stays a list', async t => {
  const folder = makeBridgeFolder(t, { mappings })
  folder.write('p.json', { id: 'x', price: null })
  folder.write('mappings/price.test.json', [])
  const { code, out } = await callCli(t, attempt(folder, 'price', 'no price', '--json'), { cwd: folder.path })
  t.equal(code, 1)
  t.match(JSON.parse(out), { match: { matched: false }, saved: { name: 'no price' } })
  t.match(JSON.parse(folder.read('mappings/price.test.json')), [{ expect: { matched: false } }])
  t.match(await check(t, folder), { ok: true, tests: { passed: 1, failed: 0 } })
})

t.test('numbers are saved as they came, in old tests too', async t => {
  const folder = makeBridgeFolder(t, { mappings })
  folder.write('p.json', '\ufeff{"id": 12345678901234567890, "small": 1e-400, "__proto__": {"a": 1.10}}')
  for (const name of ['one', 'two'])
    t.equal((await callCli(t, attempt(folder, 'big', name), { cwd: folder.path })).code, 0)
  const text = folder.read('mappings/big.test.json')
  t.equal(text.split('"id": 12345678901234567890,').length, 3)
  t.equal(text.split('"small": 1e-400,').length, 3)
  t.equal(text.split('"__proto__": {').length, 3)
  t.match(await check(t, folder), { ok: true, tests: { passed: 2, failed: 0 } })
})

t.test('a file of tests that is not sound is left alone', async t => {
  const folder = makeBridgeFolder(t, { mappings })
  folder.write('p.json', {})
  for (const content of ['{ "tests": [', '{ "tests": {} }', '{}']) {
    folder.write('mappings/simple.test.json', content)
    const { code, err } = await callCli(t, attempt(folder, 'simple', 'a'), { cwd: folder.path })
    t.equal(code, 1)
    t.match(err, /simple\.test\.json: .*expected .*, found [\s\S]*nothing was written/)
    t.equal(folder.read('mappings/simple.test.json'), content)
  }
})
