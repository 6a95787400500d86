import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import octokitExamples from '@octokit/webhooks-examples' with { type: 'json' }
import t, { type Test } from 'tap'
import { createScope } from '../../src/mapping/create-scope.ts'
import { matchMapping } from '../../src/mapping/match.ts'
import { formatProblem } from '../../src/mapping/problem.ts'
import { readMappingTests } from '../../src/mapping/read-mapping-tests.ts'
import { problemsOfTests, runMappingTests } from '../../src/mapping/run-mapping-tests.ts'
import { loadSetup } from '../../src/setup/load-setup.ts'
import type { EventDetail } from '../../src/store/reports.ts'
import { SECRETS, startTestBridge } from '../fixtures/start-test-bridge.ts'
import { ROOT } from './read-docs.ts'

/** mappings/examples is a folder of its own, with a bridge.json of its own: a copy of it is loaded as a user's would be. */

const EXAMPLES = join(ROOT, 'mappings', 'examples')
const NAMES = readdirSync(EXAMPLES)
  .filter(name => name.endsWith('.json'))
  .map(name => name.slice(0, -'.json'.length))

/** Variables that the example's bridge.json names. */
const ENV = Object.fromEntries(
  [
    'PIXELESQ_TOKEN_CI',
    'PIXELESQ_TOKEN_CATALOG',
    'PIXELESQ_TOKEN_FORMS',
    'PIXELESQ_TOKEN_AUTOMATION',
    'GITHUB_WEBHOOK_SECRET',
    'GITLAB_WEBHOOK_TOKEN',
    'CIRCLECI_WEBHOOK_SECRET',
    'STRIPE_WEBHOOK_SECRET',
    'TYPEFORM_WEBHOOK_SECRET',
    'TALLY_SIGNING_SECRET',
    'PIXELESQ_HOOK_TOKEN',
    'ZAPIER_TOKEN',
  ].map(name => [name, name.startsWith('PIXELESQ_TOKEN') ? SECRETS.PIXELESQ_TOKEN : `whsec_canary-${name}-0123456789`]),
)

function copyExamples(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'bridge-examples-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  cpSync(EXAMPLES, folder, { recursive: true })
  return folder
}

t.test('the examples load with their bridge.json, without a problem or a warning', async t => {
  const loaded = await loadSetup({ cwd: join(copyExamples(t), 'config'), env: ENV })
  const problems = loaded.ok ? loaded.setup.warnings : loaded.problems
  t.strictSame(problems.map(formatProblem), [])
  if (!loaded.ok) return
  t.strictSame([...loaded.setup.mappings.keys()].sort(), NAMES)
  const used = [...loaded.setup.mappings.values()]
  for (const name of loaded.setup.sources.keys())
    t.ok(
      used.some(({ source }) => source === name),
      name,
    )
  for (const name of loaded.setup.config.integrations.keys())
    t.ok(
      used.some(({ integration }) => integration === name),
      name,
    )
})

t.test('every example has tests, of which one matches and one writes, and all of them pass', async t => {
  const loaded = await loadSetup({ cwd: join(copyExamples(t), 'config'), env: ENV })
  if (!loaded.ok) throw new Error(loaded.problems.map(formatProblem).join('\n'))
  const { config, mappings, operations } = loaded.setup
  const read = await readMappingTests(config.mappingsFolder, mappings, config.limits)
  t.strictSame(read.problems.map(formatProblem), [])
  const { constants, limits } = config
  const results = runMappingTests(read.tests, { operations, constants, limits })
  t.strictSame(problemsOfTests(results).map(formatProblem), [])
  for (const name of NAMES) {
    const own = read.tests.filter(({ mapping }) => mapping.name === name).map(({ test }) => test)
    t.ok(own.length >= 2, name)
    t.ok(
      own.some(({ expect }) => expect.matched && (expect.operations?.length ?? 0) > 0),
      `${name} writes`,
    )
    t.ok(
      own.some(({ event }) => event.payloadFile !== undefined),
      `${name} has a payload as it is sent`,
    )
  }
  t.ok(read.tests.length >= 30)
})

/** Source, event type where it is in the URL, payload file, and the operation that the sandbox must have applied once. */
const WALKS: readonly { source: string; type?: string; payload: string; operation: string }[] = [
  { source: 'github', type: 'workflow_run.completed', payload: 'github-workflow-run', operation: 'publishPage' },
  { source: 'gitlab', payload: 'gitlab-pipeline', operation: 'publishPage' },
  { source: 'circleci', payload: 'circleci-workflow-completed', operation: 'publishPage' },
  { source: 'stripe', payload: 'stripe-product-updated', operation: 'updateEntry' },
  { source: 'typeform', payload: 'typeform-form-response', operation: 'createEntry' },
  { source: 'tally', payload: 'tally-form-response', operation: 'createEntry' },
  { source: 'pixelesq', type: 'entry.published', payload: 'pixelesq-entry-published', operation: 'createEntry' },
  { source: 'zapier', type: 'product.saved', payload: 'zapier-product-saved', operation: 'createEntry' },
]

t.test(
  'each payload, signed as its sender signs, goes the whole way to the sandbox, and a second time writes nothing',
  async t => {
    for (const { source, type, payload, operation } of WALKS) {
      const folder = copyExamples(t)
      const config = JSON.parse(readFileSync(join(folder, 'config', 'bridge.json'), 'utf8'))
      const mappings = Object.fromEntries(
        NAMES.map(name => [name, JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8'))]),
      )
      const body = JSON.parse(readFileSync(join(folder, 'payloads', `${payload}.json`), 'utf8'))
      const { constants, integrations, sources } = config
      const bridge = await startTestBridge(t, { mappings, env: ENV, config: { constants, integrations, sources } })
      const send = async (id: string): Promise<EventDetail> =>
        bridge.settled(
          await bridge.deliver(source, body, {
            ...(type !== undefined && { type }),
            headers: { 'idempotency-key': id },
          }),
        )
      const first = await send('one')
      t.equal(first.jobs.length, 1, source)
      t.match(first.jobs[0], { state: 'succeeded' }, source)
      const applied = bridge.sandbox.readLedger().entries.filter(({ effects }) => effects > 0)
      t.equal(applied.filter(({ operationName }) => operationName === operation).length, 1, `${source} ${operation}`)
      const effects = bridge.sandbox.readLedger().effects
      await send('one')
      t.equal(bridge.sandbox.readLedger().effects, effects, `${source}: a redelivery writes nothing`)
      await bridge.stop()
    }
  },
)

t.test('the GitHub example judges every workflow_run that GitHub publishes as an example', async t => {
  const loaded = await loadSetup({ cwd: join(copyExamples(t), 'config'), env: ENV })
  if (!loaded.ok) throw new Error(loaded.problems.map(formatProblem).join('\n'))
  const mapping = loaded.setup.mappings.get('ci-github')!
  const examples = (octokitExamples as unknown as { name: string; examples: unknown[] }[]).find(
    ({ name }) => name === 'workflow_run',
  )!.examples
  const event = { id: 'evt', source: 'github', type: 'workflow_run.completed', key: 'k', receivedAt: 0 }
  const { constants } = loaded.setup.config
  for (const payload of examples) {
    const scope = createScope({ event, payload, lossy: null, headers: {}, query: {}, constants })
    const match = matchMapping(mapping, scope)
    t.ok(match.matched || match.reason === 'when_false', JSON.stringify(match))
  }
  t.ok(examples.length > 3)
})
