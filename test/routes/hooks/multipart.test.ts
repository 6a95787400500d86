import t from 'tap'
import { makeDelivery } from '../../../src/source/make-delivery.ts'
import { unpackBody } from '../../../src/store/body-codec.ts'
import { post, SECRETS, startTestBridge } from '../../fixtures/start-test-bridge.ts'

/** Jotform: a form with a file in it, whose answers are JSON in one of its fields. */

const bridge = await startTestBridge(t, {
  config: { sources: { form: { scheme: 'jotform', secrets: ['env:ZAPIER_TOKEN'], allowQueryToken: true } } },
  mappings: {
    form: {
      source: 'form',
      on: ['submission'],
      when: "parseJson(payload.rawRequest).q3_name == 'Zoë' && payload.formID == '241'",
      integration: 'ci',
      steps: [{ id: 'a', operation: 'entries', variables: { collectionId: 'col_products' } }],
    },
  },
})
const URL_OF_FORM = `${bridge.url}/hooks/form?token=${SECRETS.ZAPIER_TOKEN}`

/** A submission as fetch would write it, with another boundary each time. */
async function submit(fields: Readonly<Record<string, string>>, file?: Blob) {
  const form = new FormData()
  for (const [name, value] of Object.entries(fields)) form.append(name, value)
  if (file !== undefined) form.append('upload', file, 'photo.png')
  const request = new Request(URL_OF_FORM, { method: 'POST', body: form })
  const body = Buffer.from(await request.arrayBuffer())
  const headers = { 'content-type': request.headers.get('content-type')! }
  return { answer: await post(URL_OF_FORM, headers, body), body, headers }
}

const FIELDS = { formID: '241', submissionID: '5512', rawRequest: '{"q3_name":"Zoë"}' }

t.test('a submission is kept byte for byte, and mapped by its fields', async t => {
  const { answer, body, headers } = await submit(
    FIELDS,
    new Blob([Buffer.from([0xff, 0xd8, 13, 10])], { type: 'image/png' }),
  )
  t.match(answer, { status: 200, body: { outcome: 'recorded' } })
  const { event, outcome, jobs } = await bridge.settled(answer.body.eventId!)
  t.strictSame([event.type, outcome, jobs.length], ['submission', 'matched', 1])
  t.match(event.key, /^5512:[0-9a-f]{64}$/)
  t.ok(unpackBody(event.body)!.equals(body))
  t.match(await post(URL_OF_FORM, headers, body), { body: { outcome: 'duplicate', eventId: event.id } })
  const again = await submit(FIELDS)
  t.match(again.answer, { status: 200, body: { outcome: 'id_conflict' } }, 'under another boundary nothing is done')
  const edited = await submit({ ...FIELDS, rawRequest: '{"q3_name":"Zoe"}' })
  t.match(edited.answer.body, { outcome: 'recorded' }, 'an edited submission is another event')
  t.match(await bridge.settled(edited.answer.body.eventId!), { outcome: 'unmatched' })
})

t.test('a form that cannot be read is kept and quarantined', async t => {
  const type = { 'content-type': 'multipart/form-data; boundary=xyz' }
  const answer = await post(URL_OF_FORM, type, Buffer.from('--xyz\r\nno form'))
  t.match(answer, { status: 200, body: { outcome: 'recorded' } })
  t.match(await bridge.settled(answer.body.eventId!), { outcome: 'quarantined', detail: { reason: 'malformed_form' } })
})

t.test('the token is asked for before the body, is struck out, and forms of another type are not taken', async t => {
  const { headers, body } = makeDelivery(
    bridge.bridge.live.setup.config.sources.get('form')!,
    Buffer.from('{"a":1}'),
    {},
  )
  t.equal((await post(`${bridge.url}/hooks/form?token=wrong-token-of-ours`, headers, body)).status, 401)
  const url = { 'content-type': 'application/x-www-form-urlencoded' }
  t.equal((await post(URL_OF_FORM, url, Buffer.from('a=1'))).status, 415)
  t.notMatch(JSON.stringify(bridge.rows('select query from event')), SECRETS.ZAPIER_TOKEN)
})

t.test('a test delivery is the form that Jotform sends, with objects as JSON', async t => {
  const payload = { formID: '241', submissionID: 'test "1"', rawRequest: { q3_name: 'Zoë' }, 'a "b"': 1 }
  const source = bridge.bridge.live.setup.config.sources.get('form')!
  const { path, headers, body } = makeDelivery(source, Buffer.from(JSON.stringify(payload)), {})
  const answer = await post(`${bridge.url}/hooks/form${path}`, headers, body)
  t.match(await bridge.settled(answer.body.eventId!), { outcome: 'matched' })
  const form = await new Response(new Uint8Array(body), { headers }).formData()
  t.strictSame([form.get('rawRequest'), form.get('a "b"')], ['{"q3_name":"Zoë"}', '1'], 'another reader sees the same')
})
