import { createPublicKey } from 'node:crypto'
import t from 'tap'
import { makeKeys } from '../fixtures/complete-preset.ts'
import { keySetOf, makeIssuer } from '../fixtures/make-token.ts'
import { runCli } from '../fixtures/run-cli.ts'
import { makeBridgeFolder, SOURCES, startTestBridge } from '../fixtures/start-test-bridge.ts'

const discord = makeKeys('ed25519')
const issuer = makeIssuer('key-1')
const hex = createPublicKey(discord.publicKey).export({ format: 'der', type: 'spki' }).subarray(12).toString('hex')
const OPTIONS = {
  config: {
    sources: {
      ...SOURCES,
      discord: { scheme: 'discord', secrets: ['env:DISCORD_KEY'] },
      svix: { scheme: 'svix', secrets: ['env:WHPK'] },
      deploys: {
        scheme: 'jwt',
        algorithm: 'RS256',
        issuer: 'https://id.example.com',
        audience: 'bridge',
        claims: { client_id: ['builder', 'mailer'] },
        jwks: 'file:keys.json',
      },
      jira: {
        scheme: 'atlassian-connect',
        issuer: 'client-key',
        url: 'https://hooks.example.com/hooks/jira?a=1&b=2',
        secrets: ['env:ACME_SECRET'],
      },
    },
  },
  env: { DISCORD_KEY: hex, WHPK: `whpk_${Buffer.from(hex, 'hex').toString('base64')}` },
}
const folder = makeBridgeFolder(t, OPTIONS)
folder.write('keys.json', keySetOf(issuer))
folder.write('discord.pem', discord.privateKey)
folder.write('issuer.pem', issuer.privatePem)
const bridge = await startTestBridge(t, { ...OPTIONS, folder })
const { path: cwd } = bridge.folder
bridge.folder.write('payload.json', { id: 'evt_1', type: 'product.updated', action: 'completed', n: 1 })
const env = { BRIDGE_PORT: new URL(bridge.url).port }

const send = (source: string, ...args: string[]) =>
  runCli(t, ['send', source, '--payload', 'payload.json', ...args], { cwd, env })

t.test('deliveries of every scheme are signed as the sender would, and taken', async t => {
  const cases: readonly [string, string[], string | null][] = [
    ['github', ['--type', 'workflow_run.completed', '--id', 'from-the-cli'], 'workflow_run.completed'],
    ['stripe', [], 'product.updated'],
    ['zapier', ['--type', 'page.publish'], 'page.publish'],
    ['acme', [], null],
    ['open', [], null],
    ['jira', [], null],
    ['discord', ['--key', 'discord.pem'], 'interaction'],
    ['svix', ['--key', 'discord.pem'], 'product.updated'],
    ['deploys', ['--key', 'issuer.pem', '--type', 'site.build'], 'site.build'],
  ]
  const ran = await Promise.all(cases.map(([source, args]) => send(source, ...args, '--json')))
  for (const [i, [source, , type]] of cases.entries()) {
    t.strictSame([ran[i]!.code, ran[i]!.err], [0, ''], source)
    const { status, body } = JSON.parse(ran[i]!.out)
    t.match({ status, body }, { status: 200, body: { outcome: 'recorded', eventId: /^evt_/ } }, source)
    const { event } = await bridge.settled(body.eventId)
    t.strictSame([event.source, event.type], [source, type])
    if (source === 'github') t.equal(event.key, 'from-the-cli')
  }
})

t.test('the answer is printed; one that is no success is exit code 1', async t => {
  const again = await send('github', '--type', 'push', '--id', 'twice')
  t.match(again, { code: 0, out: /^200 \{"eventId":"evt_\w+","outcome":"recorded"\}\n$/ })
  const refused = await send('zapier', '--url', `${bridge.url}/hooks/nobody`)
  t.match(refused, { code: 1, out: /^404 \{"error":/ })
  const elsewhere = await send('github', '--url', `${bridge.url}/hooks/github`, '--header', 'X-Github-Event: star')
  t.equal(elsewhere.code, 0)
})

t.test('a private key that is missing, not the right one, or of no use is told before anything is sent', async t => {
  const cases: readonly [string, string[], RegExp][] = [
    ['discord', [], /^"discord": signing needs the sender's private key \(PEM, ed25519\): say --key <pem file>\n$/],
    ['svix', [], /^"svix": signing needs a whsec_ secret, or .*: say --key <pem file>\n$/],
    ['deploys', [], /^"deploys": signing needs the issuer's private key \(PEM, RS256\): say --key <pem file>\n$/],
    ['discord', ['--key', 'issuer.pem'], /^"discord": expected the private half of a public key in the secrets/],
    ['discord', ['--key', 'payload.json'], /^"discord": expected a private key \(PEM\), found something else\n$/],
    ['discord', ['--key', 'nowhere.pem'], /^nowhere\.pem: expected a readable file, found ENOENT\n$/],
    ['github', ['--key', 'issuer.pem'], /^--key: expected none: nothing of "github" is signed with a private key\n$/],
  ]
  const before = bridge.rows('select seq from event').length
  const ran = await Promise.all(cases.map(([source, args]) => send(source, ...args)))
  for (const [i, [source, args, message]] of cases.entries()) {
    t.equal(ran[i]!.code, 2, `${source} ${args.join(' ')}`)
    t.match(ran[i]!.err, message)
    t.notMatch(ran[i]!.err, /PRIVATE KEY|whpk_/)
  }
  t.equal(bridge.rows('select seq from event').length, before)
})

t.test('what cannot be sent says why', async t => {
  const unknown = await send('nobody')
  t.strictSame(
    [unknown.code, unknown.err],
    [2, '"nobody": expected one of the sources github, stripe, zapier, acme, open, discord, svix, deploys, jira\n'],
  )
  const down = await send('github', '--url', 'http://127.0.0.1:9/hooks/github')
  t.match(down, {
    code: 1,
    err: /^http:\/\/127\.0\.0\.1:9\/hooks\/github: expected an answer, found \w+\. Is the service running\?\n$/,
  })
})
