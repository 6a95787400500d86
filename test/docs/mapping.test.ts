import { readdirSync, readFileSync } from 'node:fs'
import t from 'tap'
import { compileTemplate } from '../../src/mapping/expression/compile-template.ts'
import { environmentFor } from '../../src/mapping/expression/environment.ts'
import { loadMappings } from '../../src/mapping/load-mappings.ts'
import { mappingSchema } from '../../src/mapping/mapping-schema.ts'
import { CONTEXT, problemLines, writeFolder } from '../fixtures/mapping-folder.ts'
import { startTestBridge } from '../fixtures/start-test-bridge.ts'
import { codesOf, readBlocks, readDoc, readTable } from './read-docs.ts'

const text = readDoc('docs/mapping-language.md')
const example = new Map(
  [...readBlocks(readDoc('mappings/README.md'), 'example')].map(([name, json]) => [name, JSON.parse(json) as unknown]),
)
const payload = example.get('payload')

t.test('the example turns its payload into its variables, and the sandbox takes them', async t => {
  const bridge = await startTestBridge(t, {
    mappings: { 'form-to-entry': example.get('mapping') },
    config: { integrations: { automation: { token: 'env:PIXELESQ_TOKEN' } } },
  })
  const job = await bridge.job(await bridge.deliver('zapier', payload, { type: 'form.submitted' }))
  t.match(job, { state: 'succeeded', mapping: 'form-to-entry', orderKey: 'ada@example.com' })
  t.strictSame(
    job.history.map(({ operation, outcome }) => `${operation} ${outcome}`),
    ['createEntry applied'],
  )
  t.strictSame(JSON.parse(job.history[0]!.variables), example.get('variables'))

  const spam = { ...(payload as object), message: 'See http://spam.example/' }
  const held = await bridge.job(await bridge.deliver('zapier', spam, { type: 'form.submitted' }))
  t.match(held, { state: 'held', message: 'There is a link in the message of Ada@Example.com', history: [] })
})

t.test('every key of a mapping and of a step is explained', async t => {
  const keys = readTable(text, '## Keys').flatMap(([cell]) => codesOf(cell!))
  t.strictSame(keys.sort(), Object.keys(mappingSchema.shape).sort())
  const { steps } = mappingSchema.shape
  const stepKeys = readTable(text, '## Steps').flatMap(([cell]) => codesOf(cell!))
  t.strictSame(stepKeys.sort(), Object.keys(steps.unwrap().element.shape).sort())
})

t.test('every action is named', async t => {
  const { actions } = await loadMappings(t.testdir({}), CONTEXT)
  const [, line] = /\nActions: ([^.]*)\./.exec(text)!
  t.strictSame(codesOf(line!).sort(), [...actions.keys()].sort())
})

/** CEL's optional values are known to the checker, but have no value when an expression runs. */
const OPTIONAL = ['of', 'none', 'or', 'orValue', 'hasValue', 'value']

function evaluate(expression: string): unknown {
  const compiled = compileTemplate(`\${${expression}}`, '')
  if (!compiled.ok) return compiled.problems[0]?.message
  const result = compiled.template.evaluate({ payload, headers: { 'x-github-event': 'push' } })
  return result.ok ? result.value : `${result.reason}: ${result.message}`
}

t.test('every example of a function gives what the table says', async t => {
  for (const [, , example, gives] of readTable(text, '### Functions'))
    t.strictSame(evaluate(codesOf(example!)[0]!), JSON.parse(codesOf(gives!)[0]!), example!)
})

t.test('every function is in the table, and nothing else', async t => {
  const { functions } = environmentFor(['payload']).getDefinitions()
  const known = new Set(functions.map(({ name }) => name).filter(name => !/^(bounded|linear|zoned)[A-Z]/.test(name)))
  for (const name of OPTIONAL) known.delete(name)
  const named = readTable(text, '### Functions').flatMap(([cell]) => codesOf(cell!))
  t.strictSame(named.sort(), [...known].sort())
  t.equal(evaluate('optional.of(1).orValue(2)'), 'optional values are not available')
})

t.test('what is said of numbers holds', async t => {
  const said = text.slice(text.indexOf('### Numbers'), text.indexOf('### Times'))
  const gives = [...said.matchAll(/`([^`]+)`(?:, which)?\s+gives\s+`([^`]+)`/g)]
  for (const [, expression, value] of gives) t.strictSame(evaluate(expression!), JSON.parse(value!), expression!)
  t.equal(gives.length, 3)
  t.match(evaluate("'No. ' + payload.id"), /^mapping_type/)
  t.equal(evaluate("'No. ' + string(payload.id)"), 'No. 1001')
  t.match(compileTemplate('No. ${payload.id}', ''), { ok: true })
  t.equal(evaluate("headers['x-github-event']"), 'push')
  t.match(evaluate('9007199254740993'), /^precision_loss/)
  t.match(evaluate('1.0 / 0.0'), /^invalid_value/)
})

t.test('the codes of the type check are shown with messages it gives', async t => {
  const folder = new URL('../mapping/typecheck/mistakes/', import.meta.url)
  const known = readdirSync(folder)
    .map(file => readFileSync(new URL(file, folder), 'utf8'))
    .join('\n')
  const rows = readTable(text, '## Types')
  for (const [code, mistake, message] of rows) {
    const said = codesOf(message!)[0]!
    t.ok(known.includes(`${codesOf(code!)[0]}: ${said.startsWith('/') ? `m.json: ${said}` : said}`), mistake!)
  }
  t.ok(rows.length >= 12)
})

t.test('mistakes about payloads are shown with messages the type check gives', async t => {
  const known = readFileSync(new URL('../mapping/typecheck/typed-payloads.test.ts', import.meta.url), 'utf8')
  const rows = readTable(text, '### Types of payloads')
  for (const [code, mistake, message] of rows)
    t.ok(known.includes(`warning ${codesOf(code!)[0]}: m.json: ${codesOf(message!)[0]}`), mistake!)
  t.equal(rows.length, 3)
})

t.test('the mistakes are shown in the words the bridge uses', async t => {
  const known = ['load-mappings', 'known-failures']
    .map(name => readFileSync(new URL(`../mapping/${name}.test.ts`, import.meta.url), 'utf8'))
    .join('\n')
    .replaceAll('\\"', '"')
  const rows = readTable(text, '## Common mistakes')
  for (const [mistake, cell] of rows) t.ok(known.includes(`m.json: ${codesOf(cell!)[0]}`), mistake!)
  t.ok(rows.length > 10)

  // one of them for real, so that the form of the lines is not only copied
  const base = { source: 'github', integration: 'ci', coalesce: 'latest', action: 'publishPage', with: { pageId: 'p' } }
  const folder = writeFolder(t, { 'm.json': base })
  t.match(problemLines(await loadMappings(folder, CONTEXT), folder)[0], 'expected "order" beside it, found nothing')
})
