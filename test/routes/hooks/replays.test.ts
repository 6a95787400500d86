import { sign } from '@octokit/webhooks-methods'
import t from 'tap'
import {
  makeBridgeFolder,
  post,
  SECRETS,
  SOURCES,
  startTestBridge,
  type TestBridge,
} from '../../fixtures/start-test-bridge.ts'

/** Issue 4, 6: the same signed bytes under another id, where the sender signs the body and no timestamp. */

const BODY = Buffer.from('{"action":"created","n":1}')
const OTHER = Buffer.from('{"action":"created","n":2}')
const OPTIONS = {
  config: {
    sources: {
      github: SOURCES.github,
      strict: { ...SOURCES.github, replay: 'content' },
      loose: { ...SOURCES.github, replay: 'id' },
    },
  },
  mappings: {
    strict: {
      source: 'strict',
      integration: 'ci',
      steps: [{ id: 'a', operation: 'entries', variables: { collectionId: 'c' } }],
    },
  },
}

async function deliver(bridge: TestBridge, source: string, id: string, body = BODY, event = 'star', path = '') {
  const answer = await post(
    `${bridge.url}/hooks/${source}${path}`,
    {
      'content-type': 'application/json',
      'x-github-event': event,
      'x-github-delivery': id,
      'x-hub-signature-256': await sign(SECRETS.GITHUB_WEBHOOK_SECRET, body.toString()),
    },
    body,
  )
  return { status: answer.status, ...answer.body }
}

/** Its jobs are made; nothing answers them here. */
const isRouted = () => true

const countOf = (bridge: TestBridge, table: 'event' | 'job', where = 'true') =>
  bridge.rows<{ n: number }>(`select count(*) as n from ${table} where ${where}`)[0]!.n

t.test('without the setting another id is another event, as the sender means it', async t => {
  const bridge = await startTestBridge(t, OPTIONS)
  for (const source of ['github', 'loose']) {
    const first = await deliver(bridge, source, 'one')
    const second = await deliver(bridge, source, 'two')
    t.strictSame([first.outcome, second.outcome], ['recorded', 'recorded'], source)
    t.match(await deliver(bridge, source, 'one'), { outcome: 'duplicate', eventId: first.eventId! })
  }
})

t.test(
  'with it the same signed bytes are one event and one job, under any id, header or URL, also after a restart',
  async t => {
    const folder = makeBridgeFolder(t, OPTIONS)
    const bridge = await startTestBridge(t, { ...OPTIONS, folder })
    const first = await deliver(bridge, 'strict', 'one')
    t.match(first, { status: 200, outcome: 'recorded' })
    const replayed = { status: 200, outcome: 'replayed', eventId: first.eventId! }
    t.match(await deliver(bridge, 'strict', 'two'), replayed)
    t.match(await deliver(bridge, 'strict', 'three', BODY, 'push'), replayed, 'under another event')
    t.match(await deliver(bridge, 'strict', 'four', BODY, 'star', '/other'), replayed, 'at another URL')
    t.match(await deliver(bridge, 'strict', 'one'), { status: 200, outcome: 'duplicate', eventId: first.eventId! })
    t.match(await deliver(bridge, 'strict', 'one', OTHER), { status: 200, outcome: 'id_conflict' }, 'as ever')
    t.match(await deliver(bridge, 'strict', 'five', OTHER), { status: 200, outcome: 'recorded' })
    t.match(await deliver(bridge, 'github', 'six'), { status: 200, outcome: 'recorded' }, 'another source')
    await bridge.settled(first.eventId!, isRouted)
    await bridge.stop()

    const again = await startTestBridge(t, { ...OPTIONS, folder })
    t.match(await deliver(again, 'strict', 'seven'), replayed, 'T042')
    const { redeliveries, jobs } = (await again.bridge.store.readEvent(first.eventId!))!
    t.strictSame([redeliveries, jobs.length], [5, 1])
    const last = await deliver(again, 'strict', 'eight', Buffer.from('{"n":3}'))
    await again.settled(last.eventId!, isRouted)
    t.equal(countOf(again, 'event', "source = 'strict'"), 4, 'the conflict among them')
    t.equal(countOf(again, 'job'), 3)
  },
)

t.test('100 copies at once under ids of their own are one event', async t => {
  const bridge = await startTestBridge(t, OPTIONS)
  const answers = await Promise.all(Array.from({ length: 100 }, (_, n) => deliver(bridge, 'strict', `id-${n}`)))
  t.equal(answers.filter(({ outcome }) => outcome === 'recorded').length, 1)
  t.equal(answers.filter(({ outcome }) => outcome === 'replayed').length, 99)
  t.equal(new Set(answers.map(({ eventId }) => eventId)).size, 1)
})
