import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { callCli } from '../fixtures/call-cli.ts'
import { runCli } from '../fixtures/run-cli.ts'

t.test('init writes a configuration that passes check once .env is filled in', async t => {
  const cwd = t.testdir({})
  const first = await runCli(t, ['init'], { cwd })
  t.equal(first.code, 0)
  t.equal(
    first.out,
    'bridge.json: written\nmappings/publish-on-ci.json: written\nmappings/schema.json: written\n.env.example: written\n' +
      'Next: copy .env.example to .env, fill it in, then `pixelesq-bridge check` and `pixelesq-bridge start`\n',
  )

  const unfilled = await callCli(t, ['check'], { cwd })
  t.equal(unfilled.code, 78)
  t.match(unfilled.out, 'expected the environment variable PIXELESQ_TOKEN_CI to be set, found nothing')
  t.match(unfilled.out, 'expected the environment variable GITHUB_WEBHOOK_SECRET to be set, found nothing')
  writeFileSync(join(cwd, '.env'), readFileSync(join(cwd, '.env.example')))
  t.match((await callCli(t, ['check'], { cwd })).out, 'expected a secret in env:PIXELESQ_TOKEN_CI, found an empty one')

  const filled = readFileSync(join(cwd, '.env.example'), 'utf8').replaceAll(/=$/gm, '=a-value-of-24-characters')
  writeFileSync(join(cwd, '.env'), filled)
  const checked = await callCli(t, ['check', '--strict'], { cwd })
  t.equal(checked.code, 0, checked.out)
  t.match(checked.out, /^ok {2}1 sources, 1 mappings, \d+ operations\n$/)
})

t.test('init writes over nothing, unless it is told to', async t => {
  const cwd = t.testdir({ 'bridge.json': 'mine', '.env.example': 'mine' })
  const refused = await callCli(t, ['init'], { cwd })
  t.equal(refused.code, 1)
  t.equal(
    refused.err,
    'bridge.json, .env.example: already there; nothing was written (begin in an empty folder, or --force writes over them)\n',
  )
  t.equal(readFileSync(join(cwd, 'bridge.json'), 'utf8'), 'mine')
  t.throws(() => readFileSync(join(cwd, 'mappings/publish-on-ci.json')))
  t.equal((await callCli(t, ['init', '--force'], { cwd })).code, 0)
  t.match(JSON.parse(readFileSync(join(cwd, 'bridge.json'), 'utf8')), { integrations: { ci: {} } })
})
