import t from 'tap'
import { matchesType, matchMapping } from '../../src/mapping/match.ts'
import { eventScope, loadOne } from '../fixtures/mapping-folder.ts'

const steps = [{ id: 'read', operation: 'page', variables: { pageId: 'p' } }]

t.test('an event type matches exactly or by * within one segment', async t => {
  const matching: [string, string][] = [
    ['push', 'push'],
    ['workflow_run.*', 'workflow_run.completed'],
    ['*.completed', 'workflow_run.completed'],
    ['work*_run.c*d', 'workflow_run.completed'],
    ['*', 'push'],
    ['*', ''],
    ['a*b*c', 'aXbYbc'],
  ]
  const other: [string, string][] = [
    ['push', 'Push'],
    ['push', 'push.x'],
    ['workflow_run.*', 'workflow_run'],
    ['workflow_run.*', 'workflow_run.a.b'],
    ['*', 'a.b'],
    ['a*b', 'abc'],
    ['', 'a'],
    ['p.sh', 'pxsh'],
  ]
  for (const [pattern, type] of matching) t.ok(matchesType(pattern, type), `${pattern} takes ${type}`)
  for (const [pattern, type] of other) t.notOk(matchesType(pattern, type), `${pattern} refuses ${type}`)
  t.notOk(matchesType('*a'.repeat(90), `${'a'.repeat(20_000)}b`))
})

t.test('every reason for not matching says which part it was', async t => {
  const mapping = await loadOne(t, {
    steps,
    on: ['workflow_run.completed', 'push'],
    when: "payload.conclusion == 'success' && (payload.branch == 'main' || payload.force) && payload.n > 1",
  })
  const match = (payload: unknown, over = {}) => matchMapping(mapping, eventScope(payload, over))
  t.strictSame(match({ conclusion: 'success', branch: 'main', n: 2 }), { matched: true })
  t.strictSame(match({}, { source: 'stripe' }), {
    matched: false,
    reason: 'source',
    detail: 'the event is from "stripe", the mapping takes "github"',
  })
  t.strictSame(match({}, { type: 'issues.opened' }), {
    matched: false,
    reason: 'type',
    detail: 'the event type "issues.opened" is none of workflow_run.completed, push',
  })
  t.strictSame(match({ conclusion: 'failure', branch: 'main', n: 2 }), {
    matched: false,
    reason: 'when_false',
    detail: "false: payload.conclusion == 'success'",
  })
  t.strictSame(match({ conclusion: 'success', branch: 'dev', force: false, n: 2 }), {
    matched: false,
    reason: 'when_false',
    detail: "false: payload.branch == 'main' || payload.force",
  })
  t.strictSame(match({ conclusion: 'success', branch: 'main' }), {
    matched: false,
    reason: 'when_error',
    detail: 'missing_key: payload has no key "n"',
  })
  t.match(match({ conclusion: 'success', branch: 'main', n: {} }), { reason: 'when_error', detail: /^mapping_type/ })
})

t.test('without on and when every event of the source matches; ${…} around when may stay', async t => {
  t.strictSame(matchMapping(await loadOne(t, { steps }), eventScope(null, { type: '' })), { matched: true })
  const wrapped = await loadOne(t, { steps, when: '${payload.yes}' })
  t.strictSame(matchMapping(wrapped, eventScope({ yes: true })), { matched: true })
  t.match(matchMapping(wrapped, eventScope({ yes: false })), { reason: 'when_false', detail: 'false: payload.yes' })
  t.match(matchMapping(wrapped, eventScope({ yes: 'tok_secret' })), {
    reason: 'when_error',
    detail: 'mapping_type: "when" gives a text, not true or false',
  })
})
