import { readFileSync } from 'node:fs'
import { Environment } from '@marcbachmann/cel-js'
import t from 'tap'
import type { Sandbox } from '../../src/pixelesq/sandbox/start-sandbox.ts'
import { call, openSandbox } from '../fixtures/call-sandbox.ts'

interface Verify {
  operation: string
  variables: Record<string, unknown>
  applied: string
  different: string
  adopt: string
}

const environment = new Environment().registerVariable('variables', 'dyn').registerVariable('result', 'dyn')

function readVerify(name: string): Verify {
  const file = new URL(`../../src/pixelesq/operations/${name}.json`, import.meta.url)
  return JSON.parse(readFileSync(file, 'utf8')).verify
}

function fill(value: unknown, variables: object): unknown {
  const expression = typeof value === 'string' ? /^\$\{(.*)\}$/.exec(value)?.[1] : undefined
  return expression === undefined ? value : environment.evaluate(expression, { variables })
}

/** Asks the verify query as the bridge would and evaluates the sidecar's expressions over its answer. */
async function judge(sandbox: Sandbox, name: string, variables: object) {
  const verify = readVerify(name)
  const filled = Object.fromEntries(
    Object.entries(verify.variables).map(([key, value]) => [key, fill(value, variables)]),
  )
  const answer = await call(sandbox, verify.operation, filled)
  const scope = { variables, result: answer.body?.data }
  const applied = environment.evaluate(verify.applied, scope)
  const different = environment.evaluate(verify.different, scope)
  return { applied, different, adopted: applied === true ? environment.evaluate(verify.adopt, scope) : null }
}

function createVariables(name: string, slug?: string) {
  return { collectionId: 'col_products', payload: slug === undefined ? { name } : { name, slug } }
}

t.test('createEntry: nothing there means not applied and not different', async t => {
  const sandbox = await openSandbox(t)
  t.same(await judge(sandbox, 'createEntry', createVariables('Gold plan', 'gold-plan')), {
    applied: false,
    different: false,
    adopted: null,
  })
})

t.test('createEntry: our name under our slug is applied, and what is adopted has the shape of the answer', async t => {
  const sandbox = await openSandbox(t)
  const variables = createVariables('Gold plan', 'gold-plan')
  const answer = await call(sandbox, 'createEntry', variables)
  const { applied, different, adopted } = await judge(sandbox, 'createEntry', variables)
  t.same({ applied, different }, { applied: true, different: false })
  t.match(adopted, {
    createEntry: { success: true, entry: { id: answer.entry.id, slug: 'gold-plan', latestRevision: { version: 1 } } },
  })
})

t.test('createEntry: our name under a suffixed slug is for a person', async t => {
  const sandbox = await openSandbox(t)
  await call(sandbox, 'createEntry', createVariables('Another name', 'gold-plan'))
  const variables = createVariables('Gold plan', 'gold-plan')
  t.same(await judge(sandbox, 'createEntry', variables), { applied: false, different: false, adopted: null })
  await call(sandbox, 'createEntry', variables)
  t.match(await judge(sandbox, 'createEntry', variables), { applied: false, different: true })
})

t.test('createEntry: the same name twice under slug and suffix is for a person', async t => {
  const sandbox = await openSandbox(t)
  const variables = createVariables('Gold plan', 'gold-plan')
  await call(sandbox, 'createEntry', variables)
  await call(sandbox, 'createEntry', variables)
  t.match(await judge(sandbox, 'createEntry', variables), { applied: false, different: true })
})

t.test('createEntry without a slug: an entry of our name is for a person, none means not applied', async t => {
  const sandbox = await openSandbox(t)
  t.match(await judge(sandbox, 'createEntry', createVariables('Gold plan')), { applied: false, different: false })
  await call(sandbox, 'createEntry', createVariables('Gold plan'))
  t.match(await judge(sandbox, 'createEntry', createVariables('Gold plan')), { applied: false, different: true })
})

t.test('createEntry: its verify query also works where the API searches by name only', async t => {
  const sandbox = await openSandbox(t, { searchIn: 'name' })
  const variables = createVariables('Gold plan', 'another-slug')
  await call(sandbox, 'createEntry', variables)
  t.match(await judge(sandbox, 'createEntry', variables), { applied: true, different: false })
})

t.test('createRedirect: ours is applied, another destination is for a person, none is absent', async t => {
  const sandbox = await openSandbox(t)
  const variables = { projectId: 'prj_demo', source: 'old', destination: '/new' }
  t.same(await judge(sandbox, 'createRedirect', variables), { applied: false, different: false, adopted: null })
  const answer = await call(sandbox, 'createRedirect', variables)
  const judged = await judge(sandbox, 'createRedirect', variables)
  t.match(judged, { applied: true, different: false })
  t.match(judged.adopted, { createRedirect: { success: true, redirect: { id: answer.redirect.id, source: '/old' } } })
  t.match(await judge(sandbox, 'createRedirect', { ...variables, destination: '/other' }), {
    applied: false,
    different: true,
  })
})
