import t from 'tap'
import { ADMIN_KEY, getApi, postApi } from '../../fixtures/call-api.ts'
import { callClient } from '../../fixtures/call-client.ts'
import { emit, startWorkerBridge } from '../../fixtures/start-worker-bridge.ts'

interface Listed {
  mappings: { name: string; schemaDrift: { jobId: string; diedAt: string; message: string } | null }[]
}

t.test('a mapping whose operation the API no longer knows is flagged until its job is dealt with (T113)', async t => {
  const bridge = await startWorkerBridge(t, { env: { BRIDGE_ADMIN_KEY: ADMIN_KEY } })
  const drifted = async () =>
    (await getApi<Listed>(bridge, 'mappings')).body.mappings.filter(({ schemaDrift }) => schemaDrift !== null)
  t.same(await drifted(), [])

  bridge.sandbox.addFault({ kind: 'graphql-error', operation: 'entries', message: 'Unknown argument "search".' })
  const eventId = await emit(bridge, 'read', { n: 'drift' })
  const job = await bridge.job(eventId, 'dead')
  t.match(await drifted(), [
    { name: 'read', schemaDrift: { jobId: job.id, diedAt: /^20/, message: /Unknown argument "search"/ } },
  ])
  t.match((await callClient(t, bridge.url, ['mappings'])).out, /\nread +schema drift +open /)

  t.equal((await postApi(bridge, `jobs/${job.id}/retry`, {})).status, 200)
  await bridge.settled(eventId, ({ jobs }) => jobs[0]?.state === 'succeeded')
  t.same(await drifted(), [])
})
