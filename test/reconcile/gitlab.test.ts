import t from 'tap'
import { gitlab } from '../../src/reconcile/gitlab.ts'
import { API_TOKEN, reconcileVia, startReconciling } from '../fixtures/reconcile.ts'
import { startSenderStub } from '../fixtures/start-sender-stub.ts'

interface GitlabAttempt {
  id: number
  key: string | null
  status?: string
  payload?: unknown
}

/** One of GitLab's list, as docs.gitlab.com/api/project_webhooks/ documents it. */
function attempt({
  id,
  key,
  status = 'internal error',
  payload = { object_kind: 'push', n: id },
}: GitlabAttempt): object {
  return {
    id,
    url: 'https://example.net/',
    trigger: 'push_hooks',
    request_headers: {
      'Content-Type': 'application/json',
      'User-Agent': 'GitLab/18.1.0',
      ...(key !== null && { 'Idempotency-Key': key }),
      'X-Gitlab-Event': 'Push Hook',
      'X-Gitlab-Token': '[REDACTED]',
    },
    request_data: payload,
    response_headers: {},
    response_body: '',
    execution_duration: 1.09,
    response_status: status,
  }
}

for (const scheme of ['gitlab', 'gitlab-token'] as const) {
  t.test(`${scheme}: what GitLab could not deliver comes with its list, page by page`, async t => {
    const pages = [
      [attempt({ id: 6, key: 'resent', status: '200' }), attempt({ id: 5, key: 'b', status: '502' })],
      [attempt({ id: 4, key: 'resent', status: '500' }), attempt({ id: 3, key: 'large', payload: { oversize: true } })],
      [
        attempt({ id: 2, key: null }),
        attempt({ id: 1, key: 'a', payload: { object_kind: 'issue', object_attributes: { action: 'open' } } }),
      ],
    ]
    const stub = await startSenderStub(t, ({ path, query }) => {
      if (!path.startsWith('/api/v4/projects/acme%2Fteam%2Fsite/hooks/5/events?')) return { status: 404 }
      const page = Number(query.get('page'))
      return { json: pages[page - 1], headers: { 'x-next-page': page < pages.length ? String(page + 1) : '' } }
    })
    const reconcile = { hook: 'projects/acme/team/site/hooks/5', endpoint: `${stub.url}/api/v4` }
    const secrets = [scheme === 'gitlab' ? 'env:GITLAB_SIGNING_TOKEN' : 'env:ZAPIER_TOKEN']
    const env = { GITLAB_SIGNING_TOKEN: `whsec_${Buffer.alloc(24, 1).toString('base64')}` }
    const bridge = await startReconciling(t, { name: 'forge', scheme, secrets, reconcile }, { env })

    const dry = await reconcileVia(bridge, 'forge', {})
    t.match(dry.summary, {
      attempts: 6,
      undelivered: 4,
      present: 0,
      missing: 4,
      outcomes: { missing: 2, unavailable: 2 },
    })
    const { events, summary } = await reconcileVia(bridge, 'forge', { dryRun: false })
    t.match(summary, { complete: true, outcomes: { recorded: 2, unavailable: 2 } })
    t.match(events, [
      { id: 'a', type: 'issue', at: null, outcome: 'recorded' },
      { id: 'event 2', outcome: 'unavailable', eventId: null, message: /no idempotency key/ },
      { id: 'large', outcome: 'unavailable', message: /no payload as large/ },
      { id: 'b', type: 'push', outcome: 'recorded' },
    ])
    t.match(await bridge.settled(events[0]!.eventId!), { event: { type: 'issue.open', key: 'a' } })
    t.match((await reconcileVia(bridge, 'forge', { dryRun: false })).summary, { present: 2, missing: 2 })
    // resent by hand, with the e-mail addresses that the list does not tell
    const answer = await bridge.send('forge', { object_kind: 'push', user_email: 'a@example.com' }, { id: 'b' })
    t.match(answer.body, { outcome: 'duplicate', eventId: events[3]!.eventId })
    t.ok(stub.requests.every(({ headers }) => headers['private-token'] === API_TOKEN))
  })
}

t.test('a hook is a project or a group by id or path', t => {
  t.equal(gitlab.readHook('groups/12/hooks/5'), 'groups/12/hooks/5')
  t.equal(gitlab.readHook('projects/a/b.c/hooks/5'), 'projects/a%2Fb.c/hooks/5')
  const wrong = [
    undefined,
    '',
    'projects/a',
    'projects/a/hooks/x',
    'users/a/hooks/1',
    'projects/../hooks/1',
    'projects/a/../b/hooks/1',
  ]
  for (const hook of [
    ...wrong,
    'projects//a/hooks/1',
    'projects/a%2Fb/hooks/1',
    '/projects/a/hooks/1',
    'projects/a/hooks/1?x=1',
  ])
    t.equal(gitlab.readHook(hook), null, String(hook))
  t.end()
})
