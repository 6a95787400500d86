import t from 'tap'
import { z } from 'zod'
import { compileScheme } from '../../src/verify/compile-scheme.ts'
import { definitionFromSource } from '../../src/verify/definition-from-source.ts'
import { SchemeDefinition } from '../../src/verify/scheme-definition.ts'

const problemsOf = (scheme: unknown, source: Record<string, unknown> = {}) => {
  const read = definitionFromSource(scheme, source)
  return read.ok
    ? []
    : read.problems.map(({ pointer, expected, found }) => `${pointer}: expected ${expected}, found ${found}`)
}
const HMAC = { header: 'x-sig' }

t.test('the example of the documentation is understood', async t => {
  const acme = {
    secrets: ['env:ACME_SECRET'],
    algorithm: 'sha256',
    encoding: 'hex',
    header: 'x-acme-signature',
    prefix: 'sha256=',
    signed: '${timestamp}.${body}',
    timestampHeader: 'x-acme-timestamp',
    eventType: '${payload.event}',
    bodyBytes: 1,
  }
  const read = definitionFromSource('hmac', acme)
  t.match(read, {
    ok: true,
    definition: {
      kind: 'hmac',
      parse: 'whole',
      timestampUnit: 's',
      secretEncoding: 'utf8',
      header: 'x-acme-signature',
    },
    preset: { methods: ['POST'], conflictStatus: 422, identicalBodiesWindowMs: null, bindsBody: true },
    settings: {},
  })
  t.match(read.ok && compileScheme(read.definition, read.settings), {
    kind: 'hmac',
    bindsBody: true,
    headersOnly: false,
  })
})

t.test('tolerance is a duration, or off only when said so', async t => {
  t.match(definitionFromSource('stripe', { tolerance: '10m' }), { ok: true, settings: { toleranceMs: 600_000 } })
  t.match(definitionFromSource('stripe', { tolerance: 'off' }), { ok: true, settings: { toleranceMs: null } })
  const untouched = definitionFromSource('stripe', {})
  t.same(untouched.ok && untouched.settings, {}, 'left out, the definition decides')
  for (const tolerance of ['0s', '5', 300, null, 'OFF', '', '5 m', '-5m']) {
    t.equal(problemsOf('stripe', { tolerance }).length, 1, JSON.stringify(tolerance))
  }
})

const MISTAKES: readonly [unknown, Record<string, unknown>, readonly string[]][] = [
  [
    'githup',
    {},
    [
      '/scheme: expected one of the kinds asymmetric, basic, bearer, digest, header, hmac, http-message-signature, jwt, none, query-token or the presets in docs/sources.md, found "githup"',
    ],
  ],
  ['hmac', {}, ['/header: expected the name of a header, found nothing']],
  [
    'hmac',
    { header: 'x sig', algorithm: 'md5', encoding: 'HEX', timestampUnit: 'm', tolerance: 'soon' },
    [
      '/algorithm: expected one of sha1, sha256, sha384, sha512, found "md5"',
      '/encoding: expected one of hex, base64, base64url, found "HEX"',
      '/header: expected the name of a header, found "x sig"',
      '/timestampUnit: expected one of s, ms, iso, found "m"',
      '/tolerance: expected a duration above 0 such as "5m", or "off", found "soon"',
    ],
  ],
  ['hmac', { ...HMAC, parse: 'all' }, ['/parse: expected one of whole, pairs, list, positional, found "all"']],
  ['hmac', { ...HMAC, secretEncoding: 'ascii' }, ['/secretEncoding: expected one of utf8, base64, hex, found "ascii"']],
  ['hmac', { ...HMAC, signed: '' }, ['/signed: expected a template such as ${timestamp}.${body}, found ""']],
  [
    'hmac',
    { ...HMAC, signed: '${body' },
    ['/signed: expected a template in which every "${" is closed by "}", found ${body'],
  ],
  [
    'hmac',
    { ...HMAC, signed: '${payload}' },
    [
      '/signed: expected a template over ${body}, ${timestamp}, ${id}, ${method}, ${url}, ${header.<name>}, found ${payload}',
    ],
  ],
  ['hmac', { ...HMAC, signed: '${method}' }, ['/signed: expected a template that holds ${body}, found ${method}']],
  [
    'hmac',
    { ...HMAC, signed: '${timestamp}.${body}' },
    ['/signed: expected timestampHeader or timestampField beside ${timestamp}, found neither'],
  ],
  [
    'hmac',
    { ...HMAC, timestampHeader: 'x-at' },
    ['/timestampHeader: expected a timestamp that is signed (${timestamp} in "signed"), found one that is not'],
  ],
  [
    'hmac',
    { ...HMAC, parse: 'pairs', timestampField: 't' },
    ['/timestampField: expected a timestamp that is signed (${timestamp} in "signed"), found one that is not'],
  ],
  [
    'hmac',
    { ...HMAC, timestampHeader: 'x-at', timestampField: 't' },
    ['/timestampField: expected either timestampHeader or timestampField, found both'],
  ],
  [
    'hmac',
    { ...HMAC, timestampField: 'at', signed: '${timestamp}${body}' },
    ['/signed: expected no ${timestamp}: a field of the body is signed with the body, found ${timestamp}${body}'],
  ],
  [
    'hmac',
    { ...HMAC, parse: 'positional', timestampField: 't', signed: '${timestamp}.${body}' },
    ['/timestampField: expected a position from 0 to 9, found t'],
  ],
  ['hmac', { ...HMAC, signed: '${id}.${body}' }, ['/signed: expected idHeader beside ${id}, found none']],
  ['hmac', { ...HMAC, signed: '${url}${body}' }, ['/url: expected the public URL the sender was given, found nothing']],
  [
    'hmac',
    { ...HMAC, signed: '${header.x-a}${body}' },
    [
      '/signed: expected a separator between ${id} or ${header.<name>} and the variable next to it, found ${header.x-a}${body}',
    ],
  ],
  ['hmac', { ...HMAC, separator: ',' }, ['/separator: expected no separator where parse is whole, found ,']],
  [
    'hmac',
    { ...HMAC, tolerance: '5m' },
    ['/tolerance: expected no "tolerance": this scheme has no use for it, found "5m"'],
  ],
  [
    'hmac',
    { ...HMAC, url: 'hooks.example.com' },
    ['/url: expected an absolute http(s) URL, exactly as the sender was given it, found "hooks.example.com"'],
  ],
  [
    'hmac',
    { ...HMAC, unsigned: true },
    ['/unsigned: expected no "unsigned": this scheme has no use for it, found true'],
  ],
  [
    'github',
    { algorithm: 'sha1' },
    ['/algorithm: expected no "algorithm": this scheme has no use for it, found "sha1"'],
  ],
  [
    'github',
    { header: 'x-sig', tolerance: '5m' },
    [
      '/header: expected no "header": this scheme has no use for it, found "x-sig"',
      '/tolerance: expected no "tolerance": this scheme has no use for it, found "5m"',
    ],
  ],
  ['header', {}, ['/header: expected the name of a header, found nothing']],
  [
    'header',
    { header: 'x-token', algorithm: 'sha256' },
    ['/algorithm: expected no "algorithm": this scheme has no use for it, found "sha256"'],
  ],
  ['pixelesq', { header: 'a b' }, ['/header: expected the name of a header, found "a b"']],
  ['basic', { header: 'x-token' }, ['/header: expected no "header": this scheme has no use for it, found "x-token"']],
  ['none', {}, ['/unsigned: expected true, said explicitly, found nothing']],
  ['none', { unsigned: 'true' }, ['/unsigned: expected true, said explicitly, found "true"']],
  [
    undefined,
    {},
    [
      '/scheme: expected one of the kinds asymmetric, basic, bearer, digest, header, hmac, http-message-signature, jwt, none, query-token or the presets in docs/sources.md, found nothing',
    ],
  ],
  [
    '../presets/github',
    {},
    [
      '/scheme: expected one of the kinds asymmetric, basic, bearer, digest, header, hmac, http-message-signature, jwt, none, query-token or the presets in docs/sources.md, found "../presets/github"',
    ],
  ],
]

for (const [scheme, source, expected] of MISTAKES) {
  t.test(`a mistake is named: ${JSON.stringify({ scheme, ...source })}`, async t => {
    t.same(problemsOf(scheme, source), expected)
  })
}

t.test('an unsigned source and a bearer token in a named header are understood', async t => {
  t.match(definitionFromSource('none', { unsigned: true }), { ok: true, definition: { kind: 'none' } })
  t.match(definitionFromSource('pixelesq', { header: 'X-Token' }), {
    ok: true,
    definition: { kind: 'header', header: 'X-Token' },
  })
  t.match(definitionFromSource('zapier', { header: 'Authorization' }), { ok: true, definition: { kind: 'bearer' } })
  t.match(definitionFromSource('pixelesq', { header: 'x-token' }), {
    ok: true,
    preset: { name: 'pixelesq', scheme: { kind: 'header' } },
  })
})

t.test('the definition has a JSON Schema for editors', async t => {
  t.match(z.toJSONSchema(SchemeDefinition, { io: 'input' }), { oneOf: [{ properties: { kind: { const: 'hmac' } } }] })
})
