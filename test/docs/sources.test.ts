import t from 'tap'
import { loadConfig } from '../../src/config/load-config.ts'
import { GENERIC_KINDS } from '../../src/verify/generic-preset.ts'
import { hmacSettings } from '../../src/verify/hmac-settings.ts'
import { listPresets, loadPreset, type Preset } from '../../src/verify/preset.ts'
import { OWN_KEYS } from '../../src/verify/read-settings.ts'
import type { SimpleDefinition } from '../../src/verify/scheme-definition.ts'
import { SIGNATURE_VECTORS } from '../fixtures/signature-vectors.ts'
import { codesOf, readDoc, readTable } from './read-docs.ts'

const text = readDoc('docs/sources.md')
const plain = (text: string): string => text.replaceAll('`', '').replace(/\s+/g, ' ')

/** The section of a sender, from its heading to the next. */
function sectionOf(name: string): string {
  const start = text.indexOf(`\n### ${name}\n`)
  if (start === -1) throw new Error(`no section "${name}"`)
  const end = text.slice(start + 1).search(/\n#{2,3} /)
  return plain(end === -1 ? text.slice(start) : text.slice(start, start + 1 + end))
}

/** Words that the proof of a scheme must be told with. */
function wordsOf(scheme: SimpleDefinition): readonly string[] {
  switch (scheme.kind) {
    case 'hmac':
      return [`HMAC-${scheme.algorithm.toUpperCase()}`, scheme.encoding, scheme.header ?? scheme.signatureField!]
    case 'digest':
      return ['plain SHA256', scheme.encoding, scheme.header!]
    case 'asymmetric': {
      const names = {
        ed25519: 'Ed25519',
        'ecdsa-sha256': 'ECDSA',
        'rsa-sha256': 'RSA with SHA256',
        'rsa-sha1': 'RSA with SHA1',
      }
      return [names[scheme.algorithm], scheme.encoding, scheme.header!]
    }
    case 'standard-webhooks':
      return ['HMAC-SHA256', ...scheme.headerPrefixes.map(prefix => `${prefix}-signature`)]
    case 'bearer':
      return ['Authorization: Bearer']
    case 'basic':
      return ['Authorization: Basic']
    case 'header':
      return [scheme.header]
    case 'query-token':
      return ['the query', scheme.parameter]
    case 'body-token':
      return [`${scheme.field} of the body`]
    case 'adyen-payments':
      return ['HMAC-SHA256', 'each item']
    case 'aws-sns':
      return ['RSA with SHA256', 'Signature of the body']
    case 'contentful':
      return ['HMAC-SHA256', 'x-contentful-signature']
    case 'jwt':
      return [
        `JWT, ${scheme.algorithm}`,
        scheme.header === 'authorization' ? `Authorization: ${scheme.word}` : scheme.header,
      ]
    case 'http-message-signature':
      return [scheme.draft === 'cavage' ? 'draft-cavage' : 'RFC 9421', scheme.algorithm, 'signature']
    case 'paypal-postback':
      return ['verify-webhook-signature']
    case 'none':
      return []
  }
}

t.test('every preset is in the table, with its proof and what it binds', async t => {
  const rows = readTable(text, '## Presets')
  t.strictSame(rows.flatMap(([name]) => codesOf(name!)).sort(), listPresets())
  for (const [cell, proof, signed, bound, type, key] of rows) {
    const preset = loadPreset(cell!.replaceAll('`', ''))!
    for (const word of wordsOf(preset.scheme)) t.ok(plain(proof!).includes(word), `${preset.name}: ${word}`)
    t.equal(bound, preset.bindsBody ? 'yes' : 'no', `${preset.name} binds the body`)
    t.equal(type === 'from the URL', preset.eventType === null, `${preset.name}: its event type`)
    t.equal(key!.startsWith('none'), preset.idempotencyKey === null, `${preset.name}: its key`)
    t.equal(key!.includes('(not signed)'), preset.idSigned === false, `${preset.name}: whether its key is signed`)
    const isWindow = preset.idempotencyKey === null && preset.identicalBodiesWindowMs !== null
    t.equal(key!.includes('within 10 minutes'), isWindow, `${preset.name}: its window`)
    t.equal(signed === 'nothing', isToken(preset), `${preset.name}: what it signs`)
    // what others signed says whether a time is among it
    const isTimed = SIGNATURE_VECTORS.some(each => each.source.scheme === preset.name && each.verifyAt !== undefined)
    if (!isToken(preset)) t.equal(/\b(timestamp|time|date)\b/.test(signed!), isTimed, `${preset.name}: its time`)
  }
})

function isToken({ scheme, bindsBody }: Preset): boolean {
  if (scheme.kind === 'jwt') return !bindsBody && scheme.requestClaim === undefined
  return ['bearer', 'header', 'basic', 'query-token', 'body-token', 'none'].includes(scheme.kind)
}

t.test(
  'every preset has a section: how to set it up, what is protected, limits, retries, and where the facts are from',
  async t => {
    for (const name of listPresets()) {
      const preset = loadPreset(name)!
      const section = sectionOf(name)
      for (const fact of [preset.description, preset.setup, preset.limits.retries, preset.sure, preset.source])
        t.ok(section.includes(plain(fact)), `${name}: ${fact}`)
      for (const word of wordsOf(preset.scheme)) t.ok(section.includes(word), `${name}: ${word}`)
      const parts = ['- Set up: ', '- Protected: ', '- Limits: ', '- Facts: '].map(part => section.indexOf(part))
      t.ok(!parts.includes(-1) && parts.every((at, i) => i === 0 || at > parts[i - 1]!), `${name}: its parts, in order`)
      t.equal(section.includes('Any change of the body is noticed'), preset.bindsBody, `${name}: what it binds`)
      t.equal(section.includes('bindsBody: false'), !preset.bindsBody, `${name}: what it does not bind`)
      for (const key of preset.requires) t.ok(section.includes(key), `${name}: ${key}`)
      const { replyWithinMs } = preset.limits
      if (replyWithinMs !== null)
        t.ok(
          section.includes(
            `an answer within ${replyWithinMs % 1_000 === 0 ? `${replyWithinMs / 1_000} s` : `${replyWithinMs} ms`}`,
          ),
          name,
        )
      if (preset.ping !== undefined) t.ok(section.includes(preset.ping.header), `${name}: its ping`)
    }
  },
)

t.test('the senders that are answered when they are set up are those whose presets say so', async t => {
  const told = text.slice(text.indexOf('## Set-up requests'), text.indexOf('The presets say\nwhat is answered'))
  const presets = listPresets()
  t.strictSame(
    codesOf(told)
      .filter(code => presets.includes(code))
      .sort(),
    presets.filter(name => loadPreset(name)!.handshakes !== undefined),
  )
})

t.test('every kind and every setting of hmac is named', async t => {
  const rows = readTable(text, '## Kinds')
  t.strictSame(
    rows.flatMap(([name]) => codesOf(name!)),
    GENERIC_KINDS,
  )
  const settings = readTable(text, 'Settings of `hmac`:')
  t.strictSame(settings.flatMap(([name]) => codesOf(name!)).sort(), Object.keys(hmacSettings.shape).sort())
  const defaults = hmacSettings.parse({ header: 'x' }) as Record<string, unknown>
  for (const [name, said] of settings) {
    const actual = defaults[codesOf(name!)[0]!]
    if (typeof actual === 'string' && actual !== '' && actual !== 'x') t.equal(said, `\`${actual}\``, name!)
  }
})

t.test('every other setting of a scheme is named', async t => {
  const said = readTable(text, 'Settings of some senders:').flatMap(([name]) => codesOf(name!))
  const others = OWN_KEYS.filter(key => key !== 'tolerance' && key !== 'unsigned')
  t.strictSame(said.sort(), [...others].sort())
})

t.test('the examples are sound', async t => {
  const examples = [...text.matchAll(/```json\n([\s\S]*?)\n```/g)].map(([, example]) => example!)
  t.equal(examples.length, 5)
  const secret = 'a-secret-of-24-characters'
  const env = {
    ACME_SECRET: secret,
    SHOPIFY_SECRET: secret,
    GITLAB_TOKEN: secret,
    GITLAB_SIGNING_TOKEN: `whsec_${Buffer.alloc(32, 1).toString('base64')}`,
  }
  for (const example of examples) {
    const sources = example.startsWith('"sources"') ? example : `"sources": { ${example} }`
    const loaded = loadConfig({ cwd: t.testdir({ 'bridge.json': `{ ${sources} }`, mappings: {} }), env })
    t.ok(loaded.ok, loaded.ok ? '' : JSON.stringify(loaded.problems))
  }
})
