import { readFileSync } from 'node:fs'
import { sign } from '@octokit/webhooks-methods'
import t from 'tap'
import { tryPayload } from '../../../src/plan/try-payload.ts'
import { post, SECRETS, startTestBridge } from '../../fixtures/start-test-bridge.ts'

/** Real payloads of every GitHub event, signed by GitHub's own library. */

interface Example {
  name: string
  payload: Record<string, unknown>
  type: string
}

const file = new URL('../../../node_modules/@octokit/webhooks-examples/api.github.com/index.json', import.meta.url)
const examples: Example[] = (
  JSON.parse(readFileSync(file, 'utf8')) as { name: string; examples: Record<string, unknown>[] }[]
).flatMap(({ name, examples }) =>
  examples.map(payload => ({
    name,
    payload,
    type: typeof payload.action === 'string' ? `${name}.${payload.action}` : name,
  })),
)

const bridge = await startTestBridge(t, {
  mappings: {
    sees: {
      source: 'github',
      when: "event.type == 'none of them'",
      integration: 'ci',
      steps: [{ id: 'a', operation: 'entries', variables: { collectionId: 'col_products' } }],
    },
    'reads-much': {
      source: 'github',
      integration: 'ci',
      order: "${default(payload.repository.full_name, 'none')}",
      runAt: '1h',
      vars: { who: "${default(payload.sender.login, 'nobody')}", all: '${json(payload)}' },
      steps: [
        {
          id: 'a',
          operation: 'entries',
          variables: { collectionId: 'col_products', search: '${truncate(vars.all, 50)} ${vars.who}' },
        },
      ],
    },
  },
})

t.test('all 329 example payloads of GitHub are received and routed with their event type', async t => {
  t.equal(examples.length, 329)
  const ids = await Promise.all(
    examples.map(async ({ name, payload }, i) => {
      const body = JSON.stringify(payload)
      const answer = await post(
        `${bridge.url}/hooks/github`,
        {
          'content-type': 'application/json',
          'x-github-event': name,
          'x-github-delivery': `example-${i}`,
          'x-hub-signature-256': await sign(SECRETS.GITHUB_WEBHOOK_SECRET, body),
        },
        Buffer.from(body),
      )
      return answer.status === 200 ? answer.body.eventId! : `${answer.status}`
    }),
  )
  const wrong: string[] = []
  for (const [i, id] of ids.entries()) {
    const example = examples[i]!
    const detail = await bridge.settled(id, () => true)
    const expected = example.name === 'ping' ? 'ignored' : 'matched'
    if (detail.outcome !== expected || (expected === 'matched' && detail.event.type !== example.type))
      wrong.push(`${example.type}: ${detail.outcome} as ${detail.event.type} ${JSON.stringify(detail.detail)}`)
    if (detail.jobs.some(job => job.state === 'dead')) wrong.push(`${example.type}: ${detail.jobs[0]?.message}`)
  }
  t.strictSame(wrong, [])
})

t.test('all 329 go through `try` as well, and are judged as routing judges them', async t => {
  const { setup } = bridge.bridge.live
  const wrong: string[] = []
  for (const { payload, type, name } of examples) {
    for (const mapping of setup.mappings.values()) {
      const trial = tryPayload(setup, mapping, Buffer.from(JSON.stringify(payload)), { type: name })
      const steps = trial.jobs.flat()
      const matches = mapping.name === 'reads-much'
      if (trial.type !== type || trial.match.matched !== matches || steps.some(step => step.kind === 'failed'))
        wrong.push(`${type} ${mapping.name}: ${JSON.stringify(trial).slice(0, 300)}`)
    }
  }
  t.strictSame(wrong, [])
})
