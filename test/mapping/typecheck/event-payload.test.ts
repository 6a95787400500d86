import { createRequire } from 'node:module'
import t from 'tap'
import { describeType } from '../../../src/mapping/typecheck/describe-type.ts'
import { readEventPayloads } from '../../../src/mapping/typecheck/event-payload.ts'
import { withoutQuietNull } from '../../../src/mapping/typecheck/quiet-null.ts'
import { openSchemaReader } from '../../../src/mapping/typecheck/type-of-json-schema.ts'
import { DYN, mayBeNull, type ValueType } from '../../../src/mapping/typecheck/value-type.ts'
import { EVENT_SCHEMA } from '../../fixtures/event-schema.ts'

const payloads = readEventPayloads(EVENT_SCHEMA)!

/** The type of a member, `[]` for the elements of a list. */
function follow(type: ValueType, path: string): ValueType {
  let at = type
  for (const member of path === '' ? [] : path.split('.')) {
    const owner = withoutQuietNull(at)
    if (owner.kind === 'list') at = owner.item
    else at = owner.kind === 'object' ? (owner.fields.get(member)?.type ?? owner.rest ?? DYN) : DYN
  }
  return at
}

t.test('events are found by the patterns of "on"', t => {
  const isTyped = (...on: string[]) => payloads.payloadOf(on).kind === 'object'
  t.ok(isTyped('workflow_run.completed'))
  t.ok(isTyped('workflow_run.*'))
  t.ok(isTyped('workflow_run.re*'))
  t.ok(isTyped('*.completed'))
  t.ok(isTyped('push'))
  t.ok(isTyped('push', 'workflow_run.requested'))
  t.ok(isTyped('repository_dispatch.anything'), 'an action of any text')
  t.ok(isTyped('pull_request.review_requested'), 'an event of two forms')
  t.notOk(isTyped(), 'none')
  t.notOk(isTyped('workflow_run'), 'an event that never comes without its action')
  t.notOk(isTyped('push.created'), 'an action the event has not')
  t.notOk(isTyped('workflow_run.paused'), 'an action the schema does not know yet')
  t.notOk(isTyped('sub_issues.added'), 'an event the schema does not know yet')
  t.notOk(isTyped('push', 'sub_issues.added'), 'one of two')
  t.notOk(isTyped('repository_dispatch'))
  t.end()
})

t.test('members have the types of the schema', t => {
  const cases: readonly (readonly [on: string, path: string, type: string, values?: string])[] = [
    ['workflow_run.completed', '', 'completed event (an object)'],
    ['workflow_run.*', '', 'payload (an object)'],
    ['workflow_run.completed', 'action', 'action (an enum)', 'completed'],
    ['workflow_run.*', 'action', 'action (an enum)', 'completed,requested'],
    ['workflow_run.completed', 'workflow_run', 'Workflow Run (an object)'],
    ['workflow_run.completed', 'workflow_run.id', 'int'],
    ['workflow_run.completed', 'workflow_run.name', 'string'],
    [
      'workflow_run.completed',
      'workflow_run.status',
      'status (an enum)',
      'requested,in_progress,completed,queued,waiting',
    ],
    ['workflow_run.requested', 'workflow_run.conclusion', 'any value'],
    ['workflow_run.completed', 'workflow_run.pull_requests', 'a list of pull_requests'],
    ['workflow_run.completed', 'workflow_run.pull_requests.[].number', 'a number'],
    ['workflow_run.completed', 'repository.private', 'bool'],
    ['workflow_run.completed', 'repository.description', 'string'],
    ['workflow_run.completed', 'repository.license', 'License (an object)'],
    ['workflow_run.completed', 'repository.license.key', 'string'],
    ['workflow_run.completed', 'repository.topics', 'a list of string'],
    ['workflow_run.completed', 'repository.created_at', 'any value'],
    ['workflow_run.completed', 'repository.custom_properties', 'custom_properties (an object)'],
    ['workflow_run.completed', 'repository.custom_properties.tier', 'any value'],
    ['workflow_run.completed', 'anything.else', 'any value'],
    ['push', 'commits', 'a list of Commit'],
    ['push', 'head_commit.message', 'string'],
    ['pull_request.review_requested', 'requested_team.name', 'string'],
    ['pull_request.review_requested', 'requested_reviewer.login', 'string'],
    ['pull_request.*', 'action', 'action (an enum)', 'labeled,review_requested'],
    ['pull_request.*', 'label.name', 'string'],
    ['repository_dispatch.x', 'action', 'string'],
    ['repository_dispatch.x', 'client_payload.a.b', 'any value'],
  ]
  for (const [on, path, expected, values] of cases) {
    const type = withoutQuietNull(follow(payloads.payloadOf([on]), path))
    t.equal(describeType(type), expected, `${on} ${path}`)
    if (values !== undefined) t.equal(type.kind === 'enum' && type.values.join(), values, `${on} ${path}`)
  }
  const conclusion = withoutQuietNull(follow(payloads.payloadOf(['workflow_run.*']), 'workflow_run.conclusion'))
  t.equal(conclusion.kind === 'enum' && conclusion.values.length, 8, 'the conclusion of one form, null of the other')
  t.notOk(mayBeNull(follow(payloads.payloadOf(['push']), 'base_ref')), 'nobody is warned of null')
  t.end()
})

t.test('what GitHub sends fits the types', t => {
  const all = createRequire(import.meta.url)('@octokit/webhooks-examples') as {
    name: string
    examples: Record<string, unknown>[]
  }[]
  const known = all.filter(({ name }) => ['workflow_run', 'push', 'pull_request', 'repository_dispatch'].includes(name))
  let count = 0
  for (const { name, examples } of known) {
    for (const example of examples) {
      const on = typeof example.action === 'string' ? `${name}.${example.action}` : name
      const type = payloads.payloadOf([on])
      if (type.kind === 'dyn') continue
      count++
      t.strictSame(misfits(example, type, on), [])
    }
  }
  t.ok(count >= 15, String(count))
  t.end()
})

/** The places where a value is not of its type. */
function misfits(value: unknown, type: ValueType, at: string): string[] {
  const one = withoutQuietNull(type)
  if (value === null || one.kind === 'dyn') return []
  if (one.kind === 'object') {
    if (typeof value !== 'object' || Array.isArray(value)) return [at]
    return Object.entries(value).flatMap(([name, item]) => misfits(item, follow(one, name), `${at}.${name}`))
  }
  if (one.kind === 'list')
    return Array.isArray(value) ? value.flatMap(item => misfits(item, one.item, `${at}[]`)) : [at]
  const isOne =
    one.kind === 'enum'
      ? one.values.includes(String(value))
      : typeof value === (one.kind === 'bool' ? 'boolean' : one.kind) &&
        (one.kind !== 'number' || isWhole(value, one.whole))
  return isOne ? [] : [at]
}

function isWhole(value: unknown, whole: boolean | null): boolean {
  return whole !== true || Number.isInteger(value)
}

t.test('the same schema gives the same type, however it is reached', t => {
  const run = payloads.payloadOf(['workflow_run.completed'])
  t.equal(withoutQuietNull(follow(payloads.payloadOf(['push']), 'sender')), withoutQuietNull(follow(run, 'sender')))
  t.equal(payloads.payloadOf(['workflow_run.completed']), run)
  t.equal(payloads.payloadOf(['workflow_run.completed', 'workflow_run.completed']), run)
  t.end()
})

t.test('a text that is no such schema gives no types', t => {
  for (const text of ['', '{', 'null', '[]', '{"definitions":{}}', '{"definitions":null,"oneOf":[]}', '{"oneOf":[]}'])
    t.equal(readEventPayloads(text), null, text)
  const empty = readEventPayloads('{"definitions":{},"oneOf":[{"$ref":"#/definitions/push$event"},{}]}')!
  t.equal(empty.payloadOf(['push']).kind, 'dyn', 'a definition that is not there')
  t.end()
})

t.test('schemas that hold themselves, or have too many forms, end in what only the event tells', t => {
  const definitions = {
    tree: { type: 'object', properties: { name: { type: 'string' }, child: { $ref: '#/definitions/tree' } } },
    loop: { oneOf: [{ $ref: '#/definitions/loop' }] },
    many: { allOf: Array.from({ length: 8 }, () => ({ oneOf: [{ type: 'string' }, { type: 'null' }] })) },
  }
  const reader = openSchemaReader(definitions)
  const read = (name: string) => reader.typeOf(reader.formsOf({ $ref: `#/definitions/${name}` }), name)
  t.equal(describeType(follow(read('tree'), 'child.child.child.name')), 'string')
  t.equal(describeType(follow(read('tree'), Array(40).fill('child').join('.'))), 'any value')
  t.equal(read('loop').kind, 'dyn')
  t.equal(read('many').kind, 'dyn')
  t.end()
})
