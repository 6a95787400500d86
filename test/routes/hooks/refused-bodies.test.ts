import t from 'tap'
import { ADMIN_KEY } from '../../fixtures/call-api.ts'
import { listKept } from '../../fixtures/send-refused.ts'
import { startTestBridge, waitFor } from '../../fixtures/start-test-bridge.ts'
import { openSocket, readAnswers, talkRaw } from '../../fixtures/talk-raw.ts'

/** A static token is judged from the headers alone; the body of one that is refused is kept as far as it comes along. */
const bridge = await startTestBridge(t, {
  env: { BRIDGE_ADMIN_KEY: ADMIN_KEY },
  config: { limits: { failedAuthPerMinute: 1_000 } },
})
const head = (length: string, type: string): string =>
  `POST /hooks/zapier/${type} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer nobody-knows-this-0123\r\ncontent-type: application/json\r\n${length}\r\n\r\n`

const refused = (): number =>
  bridge.rows<{ n: number }>(`select coalesce(sum(count), 0) as n from rejected_delivery`)[0]!.n
const bodyOf = async (type: string): Promise<string | null> => {
  const [row] = bridge.rows<{ body: Buffer }>('select body from rejected_sample where type = ?', type)
  return row === undefined ? null : row.body.toString()
}

t.test('the answer is there before the body is, which is kept when it comes', async t => {
  const socket = openSocket(bridge.url)
  t.teardown(() => socket.destroy())
  socket.write(head('content-length: 9', 'late'))
  t.match(await readAnswers(socket, { answers: 1 }), { answers: [{ status: 401 }], closed: false })
  socket.write('{"n":')
  socket.write('123}')
  await listKept(bridge, 1, '&source=zapier')
  t.equal(await bodyOf('late'), '{"n":123}')
})

t.test('the connection goes on with the next request', async t => {
  const twice = `${head('content-length: 7', 'first')}{"n":1}${head('content-length: 7', 'second')}{"n":2}`
  const { answers } = await talkRaw(bridge.url, twice, { answers: 2 })
  t.same(
    answers.map(({ status }) => status),
    [401, 401],
  )
  await waitFor('both', async () => (await bodyOf('second')) !== null)
  t.same([await bodyOf('first'), await bodyOf('second')], ['{"n":1}', '{"n":2}'])
})

t.test('one that does not come whole, or is too large, is counted and not kept', async t => {
  const before = refused()
  const stalled = openSocket(bridge.url)
  t.teardown(() => stalled.destroy())
  stalled.write(`${head('content-length: 9', 'stalled')}{"n":`)
  t.match(await readAnswers(stalled, { answers: 1 }), { answers: [{ status: 401 }] })
  const broken = openSocket(bridge.url)
  broken.write(`${head('content-length: 9', 'broken')}{"n":`)
  t.match(await readAnswers(broken, { answers: 1 }), { answers: [{ status: 401 }] })
  broken.destroy()
  const large = `${head('content-length: 65537', 'large')}${' '.repeat(65_537)}`
  t.match(await talkRaw(bridge.url, large, { answers: 1 }), { answers: [{ status: 401 }] })
  await waitFor('all to be counted', () => refused() === before + 3)
  for (const type of ['stalled', 'broken', 'large']) t.equal(await bodyOf(type), null, type)
})
