import Database from 'better-sqlite3'
import t from 'tap'
import type { JobProgress } from '../../src/store/jobs.ts'
import { waitFor } from '../fixtures/start-test-bridge.ts'
import { emit, INTEGRATION, requestsOf, startWorkerBridge } from '../fixtures/start-worker-bridge.ts'

/** What a job keeps when it must wait between its steps. */

const create = (id: string) => ({
  id,
  operation: 'createEntry',
  variables: {
    collectionId: 'col_products',
    payload: { name: `\${payload.name} ${id}`, slug: `\${payload.name}-${id}`, content: {} },
  },
})

t.test('a write that was applied is kept when a cap makes the job wait before its next step', async t => {
  const bridge = await startWorkerBridge(t, {
    config: { integrations: { ci: { ...INTEGRATION, rateLimit: { perMinute: 1 } } } },
    mappings: { both: { source: 'open', on: ['both'], integration: 'ci', steps: [create('first'), create('second')] } },
  })
  const eventId = await emit(bridge, 'both', { name: 'waits' })
  const job = async () => (await bridge.bridge.store.readEvent(eventId))?.jobs[0]
  await waitFor('the cap', async () => (await job())?.reason === 'minute_cap')
  t.match(await job(), { state: 'queued', attempts: 0 })

  const db = new Database(bridge.bridge.live.setup.config.storeFile, { readonly: true })
  const progress = JSON.parse(db.prepare('select progress from job').pluck().get() as string) as JobProgress
  db.close()
  t.same(
    progress.done.map(({ id, operation }) => ({ id, operation })),
    [{ id: 'first', operation: 'createEntry' }],
    'the next run goes on after it',
  )
  t.equal(progress.doubt, null)
  t.equal(requestsOf(bridge, 'createEntry').length, 1)
})
