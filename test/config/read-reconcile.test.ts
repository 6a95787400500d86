import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { loadConfig } from '../../src/config/load-config.ts'
import { makeBridgeFolder } from '../fixtures/start-test-bridge.ts'

const SECRET = 'canary-pasted-token-0123456789'
const TOKEN = 'canary-reconcile-token-0123456789'

function load(t: Test, sources: Record<string, object>, env: Record<string, string> = {}) {
  const folder = makeBridgeFolder(t, { config: { sources } })
  writeFileSync(join(folder.path, 'token.txt'), `${TOKEN}\n`)
  const loaded = loadConfig({ cwd: folder.path, env: { API_TOKEN: TOKEN, ...env } })
  const problems = loaded.ok
    ? []
    : loaded.problems.map(({ pointer, message, found }) => [pointer, message, found].join(' | '))
  return { loaded, problems }
}

const secrets = ['env:GITHUB_WEBHOOK_SECRET']
const token = 'env:API_TOKEN'
const github = (reconcile: unknown): Record<string, object> => ({ github: { scheme: 'github', secrets, reconcile } })

t.test('where to ask is read, the token with it', t => {
  const { loaded } = load(t, {
    github: { scheme: 'github', secrets, reconcile: { token, hook: 'repos/acme/site/hooks/7' } },
    ghes: {
      scheme: 'github',
      secrets,
      reconcile: { token: 'file:token.txt', hook: 'orgs/a/hooks/1', endpoint: 'https://ghe.example/api/v3' },
    },
    stripe: { scheme: 'stripe', secrets: ['env:STRIPE_WEBHOOK_SECRET'], reconcile: { token, types: ['price.*'] } },
    plain: { scheme: 'github', secrets },
  })
  if (!loaded.ok) return t.fail(JSON.stringify(loaded.problems))
  const of = (name: string) => loaded.config.sources.get(name)!.reconcile
  t.match(of('github'), {
    token: TOKEN,
    endpoint: { href: 'https://api.github.com/' },
    hook: 'repos/acme/site/hooks/7',
    appId: null,
    types: null,
  })
  t.match(of('ghes'), { token: TOKEN, endpoint: { href: 'https://ghe.example/api/v3' } })
  t.match(of('stripe'), { hook: '', types: ['price.*'] })
  t.equal(of('plain'), null)
  t.end()
})

t.test('everything that is wrong is told at once, beside what is wrong of the scheme', t => {
  const { problems } = load(t, {
    github: {
      scheme: 'github',
      secrets: [],
      reconcile: { token: 'env:ABSENT', hook: 'repos/acme', endpoint: 'http://ghe.example', appId: '1', types: ['x'] },
    },
    pixelesq: { scheme: 'pixelesq', secrets: ['env:ZAPIER_TOKEN'], reconcile: { token } },
  })
  t.same(problems, [
    '/sources/github/secrets | expected at least one secret | none',
    '/sources/github/reconcile/token | expected the environment variable ABSENT to be set | nothing',
    '/sources/pixelesq/reconcile | expected no "reconcile": only github, gitlab, gitlab-token, stripe tell what they could not deliver | the scheme "pixelesq"',
  ])
  const { problems: ofScheme } = load(
    t,
    github({ token, hook: 'repos/acme', endpoint: 'http://ghe.example', appId: '1', types: ['x'] }),
  )
  t.same(
    ofScheme.map(problem => problem.split(' | ')[0]),
    ['endpoint', 'hook', 'appId', 'types'].map(key => `/sources/github/reconcile/${key}`),
  )
  t.end()
})

t.test('an address that is not https, or says more than where, is refused', t => {
  const hook = 'orgs/a/hooks/1'
  const wrong = [
    'http://ghe.example',
    'ftp://ghe.example',
    'ghe.example',
    'https://user:pass@ghe.example',
    'https://ghe.example/?x=1',
    'https://ghe.example/#x',
    'http://127.0.0.1.example',
    'http://localhost.example',
  ]
  for (const endpoint of wrong) {
    const { problems } = load(t, github({ token, hook, endpoint }))
    t.match(problems, [/^\/sources\/github\/reconcile\/endpoint \| expected an https URL/], endpoint)
  }
  for (const endpoint of [
    'http://127.0.0.1:8080',
    'http://localhost:1/api',
    'http://[::1]:1',
    'https://10.0.0.1/api/v3',
  ])
    t.ok(load(t, github({ token, hook, endpoint })).loaded.ok, endpoint)
  t.end()
})

t.test('a token that was pasted is never repeated, wherever it was put', t => {
  const pasted = [
    SECRET,
    { token: SECRET, hook: 'orgs/a/hooks/1' },
    { token: [SECRET], hook: 'orgs/a/hooks/1' },
    [SECRET],
  ]
  for (const reconcile of pasted) {
    const { loaded, problems } = load(t, github(reconcile))
    t.notOk(loaded.ok)
    t.notOk(problems.join().includes(SECRET), JSON.stringify(reconcile))
  }
  t.end()
})

t.test('a GitHub App needs its id and its private key; a token must be able to travel in a header', t => {
  t.match(load(t, github({ token, hook: 'app' })).problems, [
    /appId \| expected the id of the GitHub App/,
    /token \| expected the private key \(RSA, PEM\)/,
  ])
  const { problems } = load(t, github({ token, hook: 'orgs/a/hooks/1' }), { API_TOKEN: `${SECRET}\nx: y` })
  t.match(problems, [/token \| expected a token of visible ASCII characters in env:API_TOKEN/])
  t.notOk(problems.join().includes(SECRET))
  t.match(load(t, github({ token, hook: 'orgs/a/hooks/1', hok: 1 })).problems, [/hok .*expected one of token, hook/])
  t.end()
})
