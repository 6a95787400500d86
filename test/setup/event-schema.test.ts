import { tmpdir } from 'node:os'
import t, { type Test } from 'tap'
import { formatProblem } from '../../src/mapping/problem.ts'
import { findEventSchema } from '../../src/mapping/typecheck/find-event-schema.ts'
import { loadSetup } from '../../src/setup/load-setup.ts'
import { EVENT_SCHEMA } from '../fixtures/event-schema.ts'
import { makeBridgeFolder } from '../fixtures/start-test-bridge.ts'
import { one } from '../fixtures/start-worker-bridge.ts'

const MAPPING = {
  ...one('x', 'entries', { collectionId: 'col_products' }),
  on: ['push'],
  when: "payload.repository.fullname == 'acme/website'",
}

/** The warnings of a folder whose source is of GitHub's preset, with these keys of its own. */
async function warningsOf(t: Test, mapping: object, install: string | null, more: object = {}): Promise<string[]> {
  const { path, write } = makeBridgeFolder(t, {
    config: { sources: { hub: { scheme: 'github', secrets: ['env:GITHUB_WEBHOOK_SECRET'], ...more } } },
    mappings: { m: { ...mapping, source: 'hub' } },
  })
  if (install !== null) {
    const folder = `${install}node_modules/@octokit/webhooks-schemas`
    write(`${folder}/package.json`, { name: '@octokit/webhooks-schemas', version: '7.6.1', main: 'schema.json' })
    write(`${folder}/schema.json`, EVENT_SCHEMA)
  }
  const loaded = await loadSetup({ cwd: path, env: {} })
  if (!loaded.ok) throw new Error(loaded.problems.map(formatProblem).join('\n'))
  return loaded.setup.warnings.map(({ severity, code, pointer, suggestion }) =>
    [severity, code, pointer, suggestion].join(' '),
  )
}

t.test('payloads of a source of the preset github are typed where the event schemas are installed', async t => {
  const expected = ['warning unknown_member /when full_name']
  t.strictSame(await warningsOf(t, MAPPING, ''), expected, 'beside bridge.json')
  t.strictSame(await warningsOf(t, MAPPING, 'mappings/'), expected, 'in the mapping folder')
  // Somebody may have installed it beside the bridge, or above the folders of tests.
  const isElsewhere = findEventSchema('github', [tmpdir()]) !== null
  t.strictSame(await warningsOf(t, MAPPING, null), isElsewhere ? expected : [], 'in neither')
})

t.test('a source whose configuration names event types otherwise has payloads only the event tells', async t => {
  t.strictSame(await warningsOf(t, MAPPING, '', { eventType: "${headers['x-event']}" }), [])
})
