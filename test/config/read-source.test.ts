import t from 'tap'
import { loadConfig } from '../../src/config/load-config.ts'
import { formatProblem } from '../../src/mapping/problem.ts'

const env = { SECRET: 'a-secret-of-sixteen-bytes', WHSEC: `whsec_${Buffer.alloc(32, 1).toString('base64')}` }

function load(source: object) {
  const cwd = t.testdir({ 'bridge.json': JSON.stringify({ sources: { it: source } }), mappings: {} })
  const loaded = loadConfig({ cwd, env })
  return loaded.ok ? loaded.config.sources.get('it')!.replay : loaded.problems.map(formatProblem).join('\n')
}

const secrets = ['env:SECRET']
const HMAC = { scheme: 'github', secrets }
const BEARER = { scheme: 'bearer', secrets }

t.test(
  '"replay": "content" is for sources that bind the body; two keys are two events where it is left out',
  async t => {
    t.equal(load(HMAC), 'id')
    t.equal(load({ ...HMAC, replay: 'id' }), 'id')
    for (const source of [
      HMAC,
      { scheme: 'netlify', secrets },
      { scheme: 'svix', secrets: ['env:WHSEC'] },
      { scheme: 'hmac', header: 'x-signature', secrets },
      { scheme: { allOf: [HMAC, BEARER] } },
    ])
      t.equal(load({ ...source, replay: 'content' }), 'content', JSON.stringify(source.scheme))
    for (const source of [
      BEARER,
      { scheme: 'gitlab-token', secrets },
      { scheme: 'mailgun', secrets },
      { scheme: 'none', unsigned: true },
      { scheme: { anyOf: [HMAC, BEARER] } },
      { scheme: 'jwt', algorithm: 'HS256', issuer: 'i', audience: 'a', secrets },
    ]) {
      const expected = /\/sources\/it\/replay: expected no "content" here: this scheme does not sign the body/
      t.match(load({ ...source, replay: 'content' }), expected, JSON.stringify(source.scheme))
      t.equal(load({ ...source, replay: 'id' }), 'id', JSON.stringify(source.scheme))
    }
    t.match(load({ ...HMAC, replay: 'body' }), /\/sources\/it\/replay: expected "id" or "content", found "body"/)
  },
)
