import t from 'tap'
import { makeTestCases } from '../../src/cli/make-test-cases.ts'
import { sendRaw } from '../../src/cli/send-raw.ts'
import { presetSources, SHARED_SECRET_PRESETS } from '../fixtures/preset-sources.ts'
import { SOURCES, startTestBridge } from '../fixtures/start-test-bridge.ts'

const shared = presetSources()
const either = { scheme: { anyOf: [SOURCES.stripe, { scheme: 'bearer', secrets: ['env:ZAPIER_TOKEN'] }] } }
const both = { scheme: { allOf: [SOURCES.acme, { scheme: 'bearer', secrets: ['env:ZAPIER_TOKEN'] }] } }
const { idempotencyKey: _, ...acme } = SOURCES.acme
const others = {
  open: SOURCES.open,
  either,
  both: { scheme: { allOf: [acme, both.scheme.allOf[1]] } },
  untimed: { ...SOURCES.stripe, tolerance: 'off' },
  lenient: { ...SOURCES.stripe, tolerance: '2h' },
  query: { scheme: 'query-token', secrets: ['env:ZAPIER_TOKEN'], allowQueryToken: true },
  message: {
    scheme: 'http-message-signature',
    algorithm: 'hmac-sha256',
    secrets: ['env:ACME_SECRET'],
    url: 'https://hooks.example.com/hooks/message',
  },
}
const bridge = await startTestBridge(t, {
  config: { sources: { ...shared.sources, ...others }, limits: { failedAuthPerMinute: 100_000 } },
  env: shared.env,
})
const { sources } = bridge.bridge.live.setup.config

const namesOf = (name: string): string[] => makeTestCases(sources.get(name)!, Date.now()).map(each => each.name)

t.test('the cases of every sender are answered as its scheme says', async t => {
  let sent = 0
  for (const [name, source] of sources) {
    for (const { name: about, path, expected, ...delivery } of makeTestCases(source, Date.now())) {
      const { status, text } = await sendRaw(`${bridge.url}/hooks/${name}${path}`, delivery)
      t.equal(status, expected, `${name}, ${about}: ${text}`)
      sent++
    }
  }
  t.ok(SHARED_SECRET_PRESETS.length > 60 && sent > SHARED_SECRET_PRESETS.length * 5)
})

t.test('which cases there are follows from the scheme', async t => {
  const always = ['valid', 'no signature', 'another secret', 'one byte of the body changed']
  const inHeader = ['the signature twice', 'the signature cut short', 'another method']
  t.same(namesOf('github'), [...always, ...inHeader], 'GitHub signs no timestamp')
  for (const name of ['stripe', 'lenient', 'either', 'slack', 'svix', 'vonage', 'message'])
    t.same(namesOf(name), [...always, 'an old timestamp', ...inHeader], name)
  t.same(namesOf('untimed'), namesOf('github'), 'an age that is not judged is not tried')
  t.same(namesOf('query'), namesOf('github'))
  t.same(namesOf('prismic'), [...always, 'another method'], 'a secret in the body cannot be there twice')
  t.same(namesOf('open'), ['valid', 'another method'])
})

t.test('a body that the scheme does not protect is expected to be taken, and that is said', async t => {
  const changedOf = (name: string) =>
    makeTestCases(sources.get(name)!, Date.now()).find(each => each.name === 'one byte of the body changed')
  for (const name of ['zapier', 'postmark', 'query', 'prismic', 'mailgun', 'adyen-payments'])
    t.match(changedOf(name), { expected: 200, note: /does not protect the body/ }, name)
  for (const name of ['github', 'twilio', 'both', 'netlify', 'linear'])
    t.match(changedOf(name), { expected: 401, note: null }, name)
})
