import fc from 'fast-check'
import t from 'tap'
import { checkMappings } from '../../../src/mapping/load-mappings.ts'
import { readMappingFiles } from '../../../src/mapping/read-mapping-files.ts'
import { call, openSandbox } from '../../fixtures/call-sandbox.ts'

const CONTEXT = { sources: new Set(['s']), integrations: new Set(['i']), constants: {} }
const files = await readMappingFiles(t.testdir({}))
const { operations } = checkMappings(files, CONTEXT)

/** Values of every kind, those of the API's own types more often. */
const value = fc.oneof(
  fc.constantFrom<unknown>('ent_1', 'DRAFT', 'PUBLISHED', '', '/status', 'de', '2026-03-01', 5, 0, -1, 1.5, 2 ** 40),
  fc.constantFrom<unknown>(true, false, null, [], {}, ['a'], [1], { name: 'A' }, { name: 'A', slug: 'a', content: {} }),
  fc.constantFrom<unknown>({ name: 'A', slg: 'a' }, { name: 5 }, { slug: 'a' }, [{ name: 'A' }], {
    content: { x: [null] },
  }),
  fc.jsonValue({ maxDepth: 2 }),
)

t.test('variables that pass the type check are never refused by the sandbox for their type', async t => {
  const sandbox = await openSandbox(t)
  const names = [...operations.keys()]
  let sent = 0
  const asked = fc.constantFrom(...names).chain(name => {
    const known = operations.get(name)!.variables
    const required = known.filter(variable => variable.required).map(variable => variable.name)
    const all = Object.fromEntries(known.map(variable => [variable.name, value]))
    return fc.record({ name: fc.constant(name), variables: fc.record(all, { requiredKeys: required }) })
  })
  await fc.assert(
    fc.asyncProperty(asked, async ({ name, variables }) => {
      const text = JSON.stringify({ source: 's', integration: 'i', steps: [{ id: 'a', operation: name, variables }] })
      const mapping = { name: 'm', file: 'm.json', text: text.replaceAll('${', '\\\\${') }
      const { problems } = checkMappings({ ...files, mappings: [mapping] }, CONTEXT)
      if (problems.some(({ severity }) => severity === 'error')) return
      sent++
      const { status, body } = await call(sandbox, name, variables)
      const said = (body?.errors ?? []).map(({ message }) => message).join('; ')
      if (status === 400 || /^Variable "\$/.test(said)) throw new Error(`${name}: ${status} ${said}`)
    }),
    { numRuns: 1_500 },
  )
  t.ok(sent > 100, `${sent} of 1,500 passed the check`)
})
