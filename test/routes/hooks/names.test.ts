import t from 'tap'
import { SECRETS, startTestBridge } from '../../fixtures/start-test-bridge.ts'

/** threats.md E: what stands where the name of a source belongs. */

const bridge = await startTestBridge(t, { config: { limits: { failedAuthPerMinute: 100_000 } } })

async function ask(url: string): Promise<{ status: number; code: string | undefined; message: string | undefined }> {
  const answer = await bridge.app.inject({
    method: 'POST',
    url,
    headers: { 'content-type': 'application/json' },
    payload: '{}',
  })
  const { error } = JSON.parse(answer.body)
  return { status: answer.statusCode, code: error?.code, message: error?.message }
}
const NOT_FOUND = { status: 404, code: 'not_found', message: 'Not found' }

t.test('T084 what is not a name of a source is 404 with the body of an unknown one', async t => {
  const paths = [
    '/hooks/nobody',
    '/hooks/..%2f..%2fetc',
    '/hooks/%2e%2e',
    '/hooks/../health/live/x',
    '/hooks/%00',
    '/hooks/github%00',
    '/hooks/%ff',
    '//github',
    '/hooks//github',
    '/hooks/github/',
    '/hooks/github%2F',
    '/hooks/github%20',
    '/hooks/github;x',
    `/hooks/${'a'.repeat(150)}`,
    `/hooks/${'a'.repeat(10_000)}`,
    '/hooks/__proto__',
    '/hooks/constructor',
    '/hooks/toString',
    '/hooks/%E2%80%AEgithub',
    '/hooks/github/a/b',
    '/hooks/github/..%2fx',
    '/hooks/github/a%20b',
    `/hooks/github/${'a'.repeat(129)}`,
    '/hooks/github/%ff',
    '/hooks/github/__proto__',
    '/hooks',
    '/hooks/',
    '/Hooks/github',
    '/',
    '/health',
    '/.env',
    '/nowhere',
  ]
  for (const path of paths) t.strictSame(await ask(path), NOT_FOUND, path)
})

t.test('T085 names that only look like one are not it', async t => {
  for (const name of ['ѕtripe', 'ſtripe', 'STRIPE', 'Stripe', 'stripe\u200b', 'ｓtripe'])
    t.strictSame(await ask(`/hooks/${encodeURIComponent(name)}`), NOT_FOUND, name)
})

t.test('T086 ten thousand unknown names leave no line in the log and no row in the store', async t => {
  const before = bridge.log().length
  for (let i = 0; i < 10_000; i += 100)
    await Promise.all(
      Array.from({ length: 100 }, (_, n) => bridge.app.inject({ method: 'POST', url: `/hooks/n${i + n}` })),
    )
  t.strictSame(bridge.log().slice(before), [])
  t.strictSame(bridge.rows('select * from rejected_delivery'), [])
  t.strictSame(bridge.rows('select * from event'), [])
})

t.test('an event type in the URL may hold letters, digits and . _ : -', async t => {
  for (const type of ['page.publish', 'a', 'A-1_b:c', `a${'b'.repeat(127)}`]) {
    const answer = await bridge.app.inject({
      method: 'POST',
      url: `/hooks/zapier/${type}`,
      headers: { 'content-type': 'application/json', authorization: `Bearer ${SECRETS.ZAPIER_TOKEN}` },
      payload: '{}',
    })
    t.equal(answer.statusCode, 200, type)
    t.equal((await bridge.bridge.store.readEvent(JSON.parse(answer.body).eventId))?.event.type, type)
  }
})
