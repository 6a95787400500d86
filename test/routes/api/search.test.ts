import t, { type Test } from 'tap'
import type { z } from 'zod'
import { eventsAnswer } from '../../../src/admin/event-answers.ts'
import { ADMIN_KEY, getApi, getRaw } from '../../fixtures/call-api.ts'
import { SOURCES, startTestBridge, type TestBridge } from '../../fixtures/start-test-bridge.ts'
import { emit } from '../../fixtures/start-worker-bridge.ts'
import { restoreStopped, takeBackup } from '../../fixtures/take-backup.ts'

const ON = { search: { payloads: true } }

function start(t: Test, config: Record<string, unknown> = ON): Promise<TestBridge> {
  return startTestBridge(t, { config, env: { BRIDGE_ADMIN_KEY: ADMIN_KEY } })
}

async function add(bridge: TestBridge, payload: unknown): Promise<string> {
  const id = await emit(bridge, 'order', payload as object)
  await bridge.settled(id)
  return id
}

async function search(bridge: TestBridge, q: string, rest = ''): Promise<z.output<typeof eventsAnswer>> {
  const { status, text } = await getApi(bridge, `events?q=${encodeURIComponent(q)}${rest}`)
  if (status !== 200) throw new Error(`${status} ${text}`)
  return eventsAnswer.parse(JSON.parse(text))
}
const idsOf = ({ events }: z.output<typeof eventsAnswer>): string[] => events.map(({ id }) => id)

t.test('events are found by words in their payload', async t => {
  const bridge = await start(t)
  const a = await add(bridge, { customer: { name: 'Zoë Müller' }, order: 8812 })
  const b = await add(bridge, { customer: { name: 'Max Müller' }, lines: ['red/blue'] })
  t.same(idsOf(await search(bridge, 'müller')), [b, a])
  t.same(idsOf(await search(bridge, 'MULLER zoe')), [a])
  t.same(idsOf(await search(bridge, '8812')), [a])
  t.same(idsOf(await search(bridge, 'blue, red')), [b])
  t.same(idsOf(await search(bridge, 'customer')), [], 'names of members are not indexed')
  t.same(idsOf(await search(bridge, 'müll')), [], 'a word is whole')
  t.same(idsOf(await search(bridge, 'müller', '&type=other')), [])
  t.same(idsOf(await search(bridge, 'müller', '&source=open&outcome=unmatched&since=1h')), [b, a])
})

t.test('the cursor leads through what is found while more comes in', async t => {
  const bridge = await start(t)
  const ids: string[] = []
  for (let n = 0; n < 5; n++) ids.unshift(await add(bridge, { text: `needle ${n}` }))
  const seen: string[] = []
  for (let cursor = ''; ; ) {
    const page = await search(bridge, 'needle', `&limit=2${cursor}`)
    t.ok(page.events.length <= 2)
    seen.push(...idsOf(page))
    if (page.next === null) break
    await add(bridge, { text: 'needle' })
    cursor = `&cursor=${page.next}`
  }
  t.same(seen, ids)
})

t.test('what is searched for is text: nothing in it is an operator', async t => {
  const bridge = await start(t)
  const id = await add(bridge, { text: 'one or two near words col 1' })
  const all = [
    'one" OR *',
    'NEAR(one two)',
    'col:one',
    '^one',
    'one + two',
    '-one',
    "one' or 1=1 --",
    '{words}: one',
    'one\0two',
  ]
  for (const q of all) t.same(idsOf(await search(bridge, q)), [id], JSON.stringify(q))
  for (const q of ['absent OR one', 'on*', 'one NOT two']) t.same(idsOf(await search(bridge, q)), [], q)
  const half = await getApi(bridge, 'events?q=one%ED%A0%80two')
  t.equal(half.status, 200, 'half a surrogate pair')
})

t.test('a search without a word, or with too much of it, is refused', async t => {
  const bridge = await start(t)
  const words = Array.from({ length: 21 }, (_, n) => `w${n}`).join(' ')
  for (const q of ['', ' ', '" * -- ()', '\0', '€', 'x'.repeat(201), 'x'.repeat(10_000), words]) {
    const { status, body, text } = await getApi<{ error: { code: string; message: string } }>(
      bridge,
      `events?q=${encodeURIComponent(q)}`,
    )
    t.equal(status, 400, JSON.stringify(q.slice(0, 30)))
    t.equal(body.error.code, 'invalid_request')
    t.match(body.error.message, /^q: expected 1 to 20 words of letters or digits in at most 200 characters/)
    t.notOk(text.includes('xxx'), 'what was sent is not echoed')
  }
  t.equal((await getApi(bridge, 'events?q=a&q=b')).status, 400, 'twice')
  t.equal((await getApi(bridge, `events?q=${words.replace('w20', 'w19')}`)).status, 200, '20 words')
})

t.test('without the option a search is refused, says what to do, and nothing is kept for it', async t => {
  const bridge = await start(t, {})
  await add(bridge, { text: 'needle' })
  const { status, body } = await getApi<{ error: { message: string } }>(bridge, 'events?q=needle')
  t.equal(status, 400)
  t.match(body.error.message, /^q: expected "search": \{ "payloads": true \} in bridge\.json/)
  t.same(bridge.rows('select count(*) as spans from word_span'), [{ spans: 0 }])
  t.same(bridge.rows(`select name from sqlite_schema where name like 'payload_words%'`), [])
})

t.test(
  'switched on while it runs, it finds what comes from then on, and says since when; switched off it is refused',
  async t => {
    const bridge = await start(t, { search: { payloads: false } })
    await add(bridge, { text: 'needle' })
    const file = JSON.parse(bridge.folder.read('bridge.json'))
    bridge.folder.write('bridge.json', { ...file, ...ON })
    t.ok(await bridge.reload('test'))
    t.same(await search(bridge, 'needle'), { events: [], next: null, searchedSince: null })
    const before = Date.now()
    const id = await add(bridge, { text: 'needle' })
    const { events, searchedSince } = await search(bridge, 'needle')
    t.match(events, [{ id }])
    t.ok(Date.parse(searchedSince!) >= before)
    t.notOk('searchedSince' in (await getApi(bridge, 'events')).body, 'only where words are asked for')
    bridge.folder.write('bridge.json', file)
    t.ok(await bridge.reload('test'))
    t.equal((await getApi(bridge, 'events?q=needle')).status, 400)
  },
)

t.test('a credential in a body, headers and the query are not searched', async t => {
  const sources = { ...SOURCES, body: { scheme: 'prismic', secrets: ['env:BODY_SECRET'] } }
  const secret = 'canarysecretofthebody'
  const env = { BRIDGE_ADMIN_KEY: ADMIN_KEY, BODY_SECRET: secret }
  const bridge = await startTestBridge(t, { config: { ...ON, sources }, env })
  const body = await bridge.deliver('body', { type: 'api-update', secret, text: 'needle' })
  await bridge.settled(body)
  t.same(idsOf(await search(bridge, 'needle')), [body])
  t.same(idsOf(await search(bridge, secret)), [])
  const open = await bridge.deliver(
    'open',
    { text: 'other' },
    { headers: { 'x-note': 'inaheader' }, path: '?a=inthequery' },
  )
  await bridge.settled(open)
  t.same(idsOf(await search(bridge, 'inaheader')), [])
  t.same(idsOf(await search(bridge, 'inthequery')), [])
})

t.test('what cannot be read as a payload is not searched, and neither does it stop what comes after it', async t => {
  const bridge = await start(t)
  const broken = await bridge.deliver('github', '{"text": "needle', { type: 'push' })
  t.equal((await bridge.settled(broken)).outcome, 'quarantined')
  const id = await add(bridge, { text: 'needle' })
  t.same(idsOf(await search(bridge, 'needle')), [id])
})

t.test('a backup has what is searched, and a restored database is searched on', async t => {
  const bridge = await start(t)
  const before = await add(bridge, { text: 'needle' })
  const file = await takeBackup(t, bridge)
  const lost = await add(bridge, { text: 'needle' })
  t.same(idsOf(await search(bridge, 'needle')), [lost, before])
  t.match(await restoreStopped(t, bridge, file), { code: 0 })
  const again = await startTestBridge(t, { folder: bridge.folder })
  t.same(idsOf(await search(again, 'needle')), [before])
  const after = await add(again, { text: 'needle' })
  t.same(idsOf(await search(again, 'needle')), [after, before])
})

t.test('the API says of q what it takes', async t => {
  const bridge = await start(t)
  const { paths } = JSON.parse((await getRaw(bridge, 'openapi.json')).text)
  const parameters = paths['/api/events'].get.parameters as { name: string; description: string }[]
  t.match(
    parameters.find(({ name }) => name === 'q'),
    { in: 'query', description: /1 to 20 words/ },
  )
})
