import t from 'tap'
import { mappingSchema } from '../../src/mapping/mapping-schema.ts'
import { callCli } from '../fixtures/call-cli.ts'
import { openSandbox } from '../fixtures/call-sandbox.ts'
import { makeBridgeFolder } from '../fixtures/start-test-bridge.ts'
import { codesOf, readBlocks, readDoc, readTable } from './read-docs.ts'

const text = readDoc('docs/mapping-tests.md')
const mapping = JSON.parse(readBlocks(text, 'example').get('mapping')!) as {
  tests: { expect: { operations: unknown } }[]
}
const output = readBlocks(text, 'output')
const config = { integrations: { automation: { token: 'env:PIXELESQ_TOKEN' } } }

t.test('the tests of the example pass', async t => {
  const { path: cwd } = makeBridgeFolder(t, { mappings: { 'raise-price': mapping }, config })
  const { code, out } = await callCli(t, ['check', '--json'], { cwd })
  t.strictSame(JSON.parse(out), { ok: true, problems: [], tests: { passed: 3, failed: 0 } })
  t.equal(code, 0)
})

t.test('what try, the plan and a failed test print is what they print', async t => {
  const sandbox = await openSandbox(t)
  const folder = makeBridgeFolder(t, { mappings: { 'raise-price': mapping }, config, endpoint: sandbox.url })
  const { path: cwd } = folder
  folder.write('dearer.json', { entry: 'ent_pro', price: 39, currency: 'usd' })
  const attempt = ['try', 'raise-price', '--payload', 'dearer.json', '--type', 'price.changed']
  t.equal((await callCli(t, attempt, { cwd })).out.trim(), output.get('no-match'))
  folder.write('dearer.json', { entry: 'ent_pro', price: 39, currency: 'eur' })
  t.equal((await callCli(t, [...attempt, '--plan'], { cwd })).out.trim(), output.get('plan'))
  t.equal(sandbox.readLedger().effects, 0)

  const wrong = structuredClone(mapping)
  wrong.tests[0]!.expect.operations = [
    { operation: 'updateEntry', variables: { entryId: 'ent_pro', lastVersion: 7, content: { price: '39' } } },
  ]
  folder.write('mappings/raise-price.json', wrong)
  const { out, code } = await callCli(t, ['check'], { cwd })
  t.equal(code, 1)
  const shown = out.replace(`${cwd}/`, '').replace(/\.json:\d+ /, '.json:10 ')
  t.equal(shown.trim(), output.get('failed'))
})

t.test('every key of a test is explained', async t => {
  const { event, answers, expect, name } = mappingSchema.shape.tests.unwrap().element.shape
  t.ok(answers && name)
  const known = [
    'name',
    'answers',
    ...Object.keys(event.shape).map(key => `event.${key}`),
    ...Object.keys(expect.shape).map(key => `expect.${key}`),
    'expect.operations[].variables',
  ]
  const said = readTable(text, '## Tests').flatMap(([cell]) => codesOf(cell!))
  t.strictSame(said.sort(), known.sort())
})
