import { readFileSync } from 'node:fs'
import t from 'tap'
import { compileTemplate } from '../../src/mapping/expression/compile-template.ts'
import { compileScheme } from '../../src/verify/compile-scheme.ts'
import { makeGenericPreset } from '../../src/verify/generic-preset.ts'
import { listPresets, loadPreset, Preset } from '../../src/verify/preset.ts'
import { completePreset } from '../fixtures/complete-preset.ts'

const NAMES = ['github', 'pixelesq', 'standard-webhooks', 'stripe', 'zapier']

/** What a source says where a sender needs it. */
const SETTINGS = {
  url: 'https://a.example/',
  webhookId: 'WH-1',
  topicArns: ['arn:aws:sns:eu-west-1:123456789012:t'],
  allowSha1: true,
}

/** Evaluates the expression of a preset as the bridge does. */
function evaluate(text: string, scope: { headers?: Record<string, unknown>; payload?: unknown }): unknown {
  const compiled = compileTemplate(text, '', { variables: ['headers', 'payload', 'query'] })
  if (!compiled.ok) throw new Error(compiled.problems[0]?.message)
  const result = compiled.template.evaluate({ headers: {}, query: {}, payload: {}, ...scope })
  return result.ok ? result.value : result.reason
}

t.test('every preset is well-formed, named like its file, and says what its scheme binds', async t => {
  t.same(
    NAMES.filter(name => !listPresets().includes(name)),
    [],
  )
  for (const name of listPresets()) {
    const preset = loadPreset(name)!
    t.equal(preset.name, name)
    t.equal(compileScheme(completePreset(preset), SETTINGS).bindsBody, preset.bindsBody, name)
    t.equal(loadPreset(name), preset, 'read once')
  }
})

t.test('every preset carries its facts in its own file: none is left to a default or to the reader', async t => {
  const facts = [
    ...['name', 'description', 'scheme', 'methods', 'contentTypes', 'form', 'idempotencyKey', 'idSigned', 'eventType'],
    ...[
      'limits',
      'duplicateStatus',
      'conflictStatus',
      'identicalBodiesWindowMs',
      'bindsBody',
      'source',
      'sure',
      'setup',
    ],
  ]
  for (const name of listPresets()) {
    const file = new URL(`../../src/verify/presets/${name}.json`, import.meta.url)
    const written = JSON.parse(readFileSync(file, 'utf8'))
    const absent = facts.filter(fact => !Object.hasOwn(written, fact))
    t.strictSame(absent, [], name)
    t.strictSame(Object.keys(written.limits).sort(), ['replyWithinMs', 'retries'], name)
    const { idempotencyKey, idSigned, setup, sure, source, limits } = Preset.parse(written)
    t.equal(idSigned === null, idempotencyKey === null, `${name}: whether its key is signed`)
    t.match(setup, /https:\/\/<host>\/hooks\/<source>/, `${name}: where to send to`)
    t.match(setup, /secret|token|password|public key|certificate/, `${name}: what to share`)
    t.match(sure, /November 2026|from memory/, `${name}: how sure the facts are`)
    t.match(source, /^https:\/\//, `${name}: where the facts are from`)
    t.match(limits.retries, /^.{20,}\.$/, `${name}: what it does without an answer`)
  }
})

t.test('a name that is no preset gives none, and reaches no other file', async t => {
  for (const name of ['nobody', '', '../preset', 'github.json', 'GITHUB', '/etc/passwd', '__proto__', 'x'.repeat(99)]) {
    t.equal(loadPreset(name), null, name)
  }
})

t.test('github names events by header and action, and knows its delivery and its ping', async t => {
  const { eventType, idempotencyKey, ...github } = loadPreset('github')!
  const typeOf = (event: string, payload: unknown) =>
    evaluate(eventType!, { headers: { 'x-github-event': event }, payload })
  t.equal(typeOf('workflow_run', { action: 'completed' }), 'workflow_run.completed')
  t.equal(typeOf('push', { ref: 'refs/heads/main' }), 'push')
  t.equal(typeOf('status', { action: 7 }), 'status')
  t.equal(typeOf('status', { action: null }), 'status')
  t.equal(evaluate(idempotencyKey!, { headers: { 'x-github-delivery': '72d3162e' } }), '72d3162e')
  t.match(github, {
    bodyBytesMax: 26_214_400,
    form: 'payload-field',
    ping: { header: 'x-github-event', equals: ['ping'] },
  })
})

t.test('stripe and Standard Webhooks take id and type from what is signed', async t => {
  const payload = { id: 'evt_1', type: 'invoice.paid' }
  t.equal(evaluate(loadPreset('stripe')!.idempotencyKey!, { payload }), 'evt_1')
  t.equal(evaluate(loadPreset('stripe')!.eventType!, { payload }), 'invoice.paid')
  const standard = loadPreset('standard-webhooks')!
  t.equal(evaluate(standard.idempotencyKey!, { headers: { 'webhook-id': 'a' } }), 'a')
  t.equal(evaluate(standard.idempotencyKey!, { headers: { 'svix-id': 'b' } }), 'b')
  t.equal(evaluate(standard.eventType!, { payload }), 'invoice.paid')
})

t.test('pixelesq may use GET and any content type, and its identical bodies are one event for ten minutes', async t => {
  const expected = {
    methods: ['GET', 'POST'],
    contentTypes: ['*'],
    idempotencyKey: null,
    eventType: null,
    identicalBodiesWindowMs: 600_000,
  }
  t.match(loadPreset('pixelesq'), expected)
})

t.test('a generic source takes an Idempotency-Key if one comes, and answers 422 to a conflict', async t => {
  for (const kind of ['hmac', 'bearer', 'header', 'basic', 'jwt', 'none'] as const) {
    const preset = makeGenericPreset(kind, { kind: 'bearer' })
    t.same(Preset.parse(preset), preset, kind)
    t.equal(preset.conflictStatus, 422)
    t.equal(evaluate(preset.idempotencyKey!, { headers: { 'idempotency-key': 'k' } }), 'k')
    t.equal(evaluate(preset.idempotencyKey!, {}), null)
  }
})
