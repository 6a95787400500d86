import t from 'tap'
import { callCli } from '../fixtures/call-cli.ts'
import { runCli } from '../fixtures/run-cli.ts'
import { makeBridgeFolder, SECRETS } from '../fixtures/start-test-bridge.ts'

const folder = makeBridgeFolder(t, {
  mappings: {
    publish: {
      source: 'github',
      on: ['workflow_run.completed'],
      when: "payload.workflow_run.conclusion == 'success' && payload.workflow_run.head_branch == 'main'",
      integration: 'ci',
      order: '${payload.repository.full_name}',
      action: 'publishPage',
      with: { pageId: 'pg_status' },
    },
    each: {
      source: 'zapier',
      integration: 'ci',
      forEach: 'payload.items',
      vars: { search: '${upper(item)}' },
      runAt: '10m',
      steps: [
        {
          id: 'a',
          if: "item != 'b'",
          operation: 'entries',
          variables: { collectionId: '${constants.products}', search: '${vars.search}' },
        },
        { id: 'b', if: "item == 'c'", hold: 'look at ${item}' },
        { id: 'd', operation: 'entry', variables: { entryId: '${steps.a.entries.results[0].id}' } },
      ],
    },
    leaks: {
      source: 'zapier',
      on: ['leak'],
      integration: 'ci',
      steps: [
        {
          id: 'a',
          operation: 'entries',
          variables: { collectionId: 'x', search: "${default(headers.authorization, 'none')} ${headers['x-mine']}" },
        },
      ],
    },
  },
})
const { path: cwd } = folder
const run = {
  action: 'completed',
  workflow_run: { conclusion: 'success', head_branch: 'main' },
  repository: { full_name: 'a/b' },
}
folder.write('success.json', run)
folder.write('failure.json', { ...run, workflow_run: { conclusion: 'success', head_branch: 'topic' } })
folder.write('items.json', { items: ['a', 'b', 'c'] })
folder.write('broken.json', '{"a":')

t.test('a payload that matches shows the order key and what would be sent', async t => {
  const { code, out } = await callCli(t, ['try', 'publish', '--payload', 'success.json', '--type', 'workflow_run'], {
    cwd,
  })
  t.equal(code, 0)
  t.match(out, /^match {2}publish {2}event type workflow_run\.completed\n/)
  t.match(out, /\njob 1 {2}order a\/b\n/)
  t.match(out, / {2}page +page {2}\{"pageId":"pg_status"\}\n/)
  t.match(out, / {2}published +publishPage {2}needs the answer of page\n--plan reads those answers/)
})

t.test('one that does not says which clause was false', async t => {
  const { code, out } = await callCli(
    t,
    ['try', 'publish', '--payload', 'failure.json', '--type', 'workflow_run.completed'],
    { cwd },
  )
  t.equal(code, 1)
  t.equal(
    out,
    [
      "no match  publish  (when_false) false: payload.workflow_run.head_branch == 'main'",
      '  ✓ on    workflow_run.completed',
      '  ✗ when',
      `      ✓ payload.workflow_run.conclusion == 'success'  found "success"`,
      `      ✗ payload.workflow_run.head_branch == 'main'  found "topic"`,
      '',
    ].join('\n'),
  )
  const other = await callCli(t, ['try', 'publish', '--payload', 'success.json', '--type', 'push'], { cwd })
  t.match(other, { code: 1, out: /\(type\) the event type "push\.completed" is none of workflow_run\.completed/ })
  t.match(other.out, '  ✗ on    workflow_run.completed  found "push.completed"')
  t.match(other.out, "✓ payload.workflow_run.head_branch == 'main'", 'the rest is explained all the same')
})

t.test('--json says it all in one object', async t => {
  const { code, out } = await callCli(t, ['try', 'each', '--payload', 'items.json', '--type', 'x', '--json'], { cwd })
  t.equal(code, 1, 'one of the jobs would be dead')
  const trial = JSON.parse(out)
  t.match(trial, {
    mapping: 'each',
    type: 'x',
    match: { matched: true },
    plan: { ok: true, jobs: [{ item: 'a', itemIndex: 0 }, { item: 'b' }, { item: 'c' }] },
  })
  t.strictSame(
    trial.jobs.map((steps: { step: string; kind: string }[]) => steps.map(({ step, kind }) => `${step} ${kind}`)),
    [
      ['a run', 'b skip', 'd waits'],
      ['a skip', 'b skip', 'd failed'],
      ['a run', 'b hold'],
    ],
  )
  t.match(trial.jobs[0][2], { operation: 'entry', needs: ['a'], message: 'needs the answer of a' })
  t.match(trial.jobs[0][0], { operation: 'entries', variables: { collectionId: 'col_products', search: 'A' } })
  const miss = await callCli(t, ['try', 'publish', '--payload', 'failure.json', '--type', 'workflow_run', '--json'], {
    cwd,
  })
  t.equal(miss.code, 1)
  t.match(JSON.parse(miss.out), {
    match: { matched: false, reason: 'when_false' },
    explanation: {
      on: { holds: true },
      when: {
        kind: 'all',
        verdict: 'false',
        parts: [
          { verdict: 'true' },
          { verdict: 'false', values: [{ source: 'payload.workflow_run.head_branch', found: '"topic"' }] },
        ],
      },
    },
    plan: null,
    jobs: [],
  })
})

t.test('the payload may come on standard input, with headers of its own, and no secret is shown', async t => {
  const { code, out } = await runCli(
    t,
    ['try', 'leaks', '--payload', '-', '--type', 'leak', '--header', 'X-Mine: my value'],
    { cwd, stdin: '{}' },
  )
  t.equal(code, 0)
  t.match(out, '"search":"none my value"')
  t.notMatch(out, SECRETS.ZAPIER_TOKEN)
  const given = ['--header', `Authorization: Bearer ${SECRETS.ZAPIER_TOKEN}`, '--header', 'X-Mine: v']
  const shown = await callCli(t, ['try', 'leaks', '--payload', 'items.json', '--type', 'leak', ...given], { cwd })
  t.match(shown.out, '"search":"[redacted] v"', 'mappings see credentials struck out, as for real')
})

t.test('nothing of the payload reaches the terminal as a control', async t => {
  const evil = 'x\u001b]0;owned\u0007\u009b31m\u202e'
  folder.write('evil.json', { items: [evil], repository: { full_name: evil }, workflow_run: { conclusion: evil } })
  for (const args of [['each'], ['publish'], ['each', '--json']]) {
    const { out } = await callCli(t, ['try', ...args, '--payload', 'evil.json', '--type', evil], { cwd })
    if (args.length === 1) t.notMatch(out, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/)
    t.match(out, 'owned')
  }
})

t.test('what cannot be tried is wrong usage, or a bad configuration', async t => {
  const unknown = await callCli(t, ['try', 'nothing', '--payload', 'items.json'], { cwd })
  t.strictSame([unknown.code, unknown.err], [2, '"nothing": expected one of the mappings each, leaks, publish\n'])
  const absent = await callCli(t, ['try', 'each', '--payload', 'nothing.json'], { cwd })
  t.strictSame([absent.code, absent.err], [2, 'nothing.json: expected a readable file, found ENOENT\n'])
  const broken = await callCli(t, ['try', 'each', '--payload', 'broken.json'], { cwd })
  t.match(broken, { code: 2, err: /^the payload: / })
  const header = await callCli(t, ['try', 'each', '--payload', 'items.json', '--header', 'x'], { cwd })
  t.match(header, { code: 2, err: '--header: expected name:value, found "x"\n' })
  const config = await callCli(t, ['try', 'each', '--payload', 'items.json', '--config', 'nowhere.json'], { cwd })
  t.equal(config.code, 78)
})
