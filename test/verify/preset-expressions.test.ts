import t from 'tap'
import { compileTemplate } from '../../src/mapping/expression/compile-template.ts'
import { listPresets, loadPreset } from '../../src/verify/preset.ts'

const VARIABLES = ['headers', 'payload', 'query']

interface Sample {
  headers?: Record<string, string>
  payload?: unknown
  type?: unknown
  key?: unknown
}

function evaluate(text: string | null, { headers = {}, payload = {} }: Sample): unknown {
  if (text === null) return null
  const compiled = compileTemplate(text, '', { variables: VARIABLES })
  if (!compiled.ok) throw new Error(`${text}: ${compiled.problems[0]?.message}`)
  const result = compiled.template.evaluate({ headers, query: {}, payload })
  return result.ok ? result.value : undefined
}

const HEX = /^[0-9a-f]{64}$/
const hubspot = (subscriptionType: string, eventId: number) => ({
  eventId,
  subscriptionId: 1,
  objectId: 2,
  occurredAt: 1564113600000,
  subscriptionType,
})
const adyen = (eventCode: string) => ({ NotificationRequestItem: { pspReference: 'p', eventCode, success: 'true' } })
const asana = (action: string) => ({ action, resource: { resource_type: 'task' } })

/** What senders send, as far as type and key need it. */
const SAMPLES: Readonly<Record<string, readonly Sample[]>> = {
  gitlab: [
    { headers: { 'webhook-id': 'w' }, payload: { object_kind: 'push' }, type: 'push', key: 'w' },
    { payload: { object_kind: 'merge_request', object_attributes: { action: 'open' } }, type: 'merge_request.open' },
    { payload: { object_kind: 'pipeline', object_attributes: { status: 'success' } }, type: 'pipeline' },
  ],
  'gitlab-token': [{ headers: { 'idempotency-key': 'i' }, payload: { object_kind: 'push' }, type: 'push', key: 'i' }],
  bitbucket: [
    { headers: { 'x-event-key': 'repo:push', 'x-request-uuid': 'u' }, type: 'repo:push', key: 'u' },
    { headers: { 'x-event-key': 'pr:opened', 'x-request-id': 'r' }, type: 'pr:opened', key: 'r' },
  ],
  circleci: [{ payload: { id: 'c', type: 'workflow-completed' }, type: 'workflow-completed', key: 'c' }],
  'travis-ci': [{ payload: { type: 'push', state: 'passed' }, type: 'push.passed', key: null }],
  buildkite: [{ payload: { event: 'build.finished' }, type: 'build.finished', key: null }],
  'azure-devops': [{ payload: { id: 'a', eventType: 'git.push' }, type: 'git.push', key: 'a' }],
  teamcity: [{ payload: { eventType: 'BUILD_FINISHED' }, type: 'BUILD_FINISHED' }],
  jenkins: [
    { payload: { build: { phase: 'FINALIZED' } }, type: 'FINALIZED' },
    { payload: {}, type: undefined },
  ],
  'docker-hub': [
    {
      payload: { push_data: { pushed_at: 1417566161, tag: 'latest' }, repository: { repo_name: 'a/b' } },
      type: 'push',
      key: 'a/b:latest@1417566161',
    },
  ],
  sentry: [
    {
      headers: { 'sentry-hook-resource': 'issue', 'request-id': 'r' },
      payload: { action: 'created' },
      type: 'issue.created',
      key: 'r',
    },
    { headers: { 'sentry-hook-resource': 'error' }, type: 'error' },
  ],
  linear: [
    {
      headers: { 'linear-delivery': 'l' },
      payload: { type: 'Issue', action: 'create' },
      type: 'Issue.create',
      key: 'l',
    },
  ],
  jira: [
    {
      headers: { 'x-atlassian-webhook-identifier': 'j' },
      payload: { webhookEvent: 'jira:issue_created' },
      type: 'jira:issue_created',
      key: 'j',
    },
  ],
  pagerduty: [
    { payload: { event: { id: 'e', event_type: 'incident.triggered' } }, type: 'incident.triggered', key: 'e' },
  ],
  shopify: [
    { headers: { 'x-shopify-topic': 'orders/create', 'x-shopify-webhook-id': 's' }, type: 'orders/create', key: 's' },
  ],
  paddle: [{ payload: { event_id: 'evt', event_type: 'transaction.paid' }, type: 'transaction.paid', key: 'evt' }],
  lemonsqueezy: [{ payload: { meta: { event_name: 'order_created' } }, type: 'order_created', key: null }],
  paypal: [
    {
      headers: { 'paypal-transmission-id': 'p' },
      payload: { event_type: 'PAYMENT.SALE.COMPLETED' },
      type: 'PAYMENT.SALE.COMPLETED',
      key: 'p',
    },
  ],
  'adyen-payments': [
    { payload: { notificationItems: [adyen('AUTHORISATION')] }, type: 'AUTHORISATION', key: HEX },
    { payload: { notificationItems: [adyen('AUTHORISATION'), adyen('CAPTURE')] }, type: 'batch', key: HEX },
  ],
  recurly: [
    {
      headers: { 'recurly-notification-id': 'r' },
      payload: { new_account_notification: {} },
      type: 'new_account_notification',
      key: 'r',
    },
  ],
  chargebee: [{ payload: { id: 'ev_1', event_type: 'customer_created' }, type: 'customer_created', key: 'ev_1' }],
  'hubspot-v3': [
    { payload: [hubspot('contact.creation', 1), hubspot('contact.creation', 2)], type: 'contact.creation', key: HEX },
    { payload: [hubspot('contact.creation', 1), hubspot('deal.creation', 2)], type: 'batch', key: HEX },
  ],
  slack: [
    {
      payload: { type: 'event_callback', event_id: 'Ev1', event: { type: 'app_mention' } },
      type: 'app_mention',
      key: 'Ev1',
    },
    { payload: { command: '/weather', text: '94070' }, type: 'command' },
    { payload: { payload: '{}' }, type: 'interaction' },
    { payload: { type: 'app_rate_limited' }, type: 'app_rate_limited' },
  ],
  discord: [
    { payload: { type: 1, event: { type: 'APPLICATION_AUTHORIZED' } }, type: 'APPLICATION_AUTHORIZED' },
    { payload: { type: 2 }, type: 'interaction' },
  ],
  asana: [
    { payload: { events: [] }, type: 'heartbeat' },
    { payload: { events: [asana('changed'), asana('changed')] }, type: 'task.changed' },
    { payload: { events: [asana('changed'), asana('added')] }, type: 'batch' },
  ],
  mailgun: [{ payload: { signature: { token: 't' }, 'event-data': { event: 'opened' } }, type: 'opened', key: 't' }],
  sendgrid: [
    { payload: [{ event: 'open', sg_event_id: 'a' }], type: 'open', key: HEX },
    {
      payload: [
        { event: 'open', sg_event_id: 'a' },
        { event: 'click', sg_event_id: 'b' },
      ],
      type: 'batch',
      key: HEX,
    },
  ],
  datocms: [
    { payload: { webhook_call_id: 'd', entity_type: 'item', event_type: 'publish' }, type: 'item.publish', key: 'd' },
  ],
  kontent: [
    {
      payload: { notifications: [{ message: { object_type: 'content_item', action: 'published' } }] },
      type: 'content_item.published',
    },
  ],
  svix: [
    { headers: { 'svix-id': 's' }, payload: { event_type: 'ping' }, type: 'ping', key: 's' },
    { headers: { 'webhook-id': 'w' }, payload: { type: 'a.b' }, type: 'a.b', key: 'w' },
  ],
  'aws-sns': [{ payload: { Type: 'Notification', MessageId: 'm' }, type: 'Notification', key: 'm' }],
  'azure-event-grid': [
    {
      payload: [{ id: '1', eventType: 'Microsoft.Storage.BlobCreated' }],
      type: 'Microsoft.Storage.BlobCreated',
      key: HEX,
    },
    {
      payload: [
        { id: '1', eventType: 'a' },
        { id: '2', eventType: 'b' },
      ],
      type: 'batch',
      key: HEX,
    },
    { payload: { id: '1', type: 'a' }, type: 'a', key: '1' },
  ],
  cloudevents: [
    { headers: { 'ce-id': '1', 'ce-source': '/s', 'ce-type': 't' }, type: 't', key: '/s 1' },
    { payload: { id: '1', source: '/s', type: 't' }, type: 't', key: '/s 1' },
  ],
}

for (const [name, samples] of Object.entries(SAMPLES)) {
  t.test(`${name} says its event type and key`, async t => {
    const { eventType, idempotencyKey } = loadPreset(name)!
    for (const sample of samples) {
      if ('type' in sample) t.match(evaluate(eventType, sample), sample.type)
      if ('key' in sample) t.match(evaluate(idempotencyKey, sample), sample.key)
    }
  })
}

t.test('no body at all makes an expression of a preset throw', async t => {
  for (const name of listPresets()) {
    const { eventType, idempotencyKey } = loadPreset(name)!
    for (const payload of [{}, [], null, 'text', 7, [1], { event: 1 }, { events: [1] }])
      for (const text of [eventType, idempotencyKey]) t.doesNotThrow(() => evaluate(text, { payload }), name)
  }
})

t.test('a key made of what is not signed is told as such', async t => {
  for (const name of listPresets()) {
    const { idempotencyKey, idSigned, scheme, bindsBody } = loadPreset(name)!
    t.equal(idSigned === null, idempotencyKey === null, name)
    if (['bearer', 'header', 'basic', 'query-token', 'body-token'].includes(scheme.kind)) t.notOk(idSigned, name)
    if (bindsBody && idempotencyKey?.includes('headers') && scheme.kind !== 'standard-webhooks') t.notOk(idSigned, name)
  }
  t.equal(loadPreset('github')!.idSigned, false)
  t.equal(loadPreset('stripe')!.idSigned, true)
})
