import https from 'node:https'
import { Readable } from 'node:stream'
import fc from 'fast-check'
import t from 'tap'
import { signDelivery } from '../../src/verify/sign-delivery.ts'
import { compileSource } from '../fixtures/compile-source.ts'
import { makeDelivery } from '../fixtures/make-delivery.ts'
import { type Keys, ORACLES, type Signed } from '../fixtures/sender-libraries.ts'

const RUNS = 100
// The libraries take the body as text, so text it is here; the forgery tests use bytes.
const JSON_BODIES = fc.oneof(fc.json(), fc.constant('{"a":"é🚀\\u00e9","n":1.0}'))
const BODIES = fc.oneof(JSON_BODIES, fc.string({ unit: 'binary', minLength: 1 }))
const FIELD_NAMES = fc.oneof(fc.constantFrom('To', 'Body'), fc.string({ unit: 'binary', minLength: 1 }))
const FIELDS = fc.uniqueArray(fc.tuple(FIELD_NAMES, fc.string({ unit: 'binary' })), {
  minLength: 1,
  selector: ([name, value]) => JSON.stringify([name, value]),
})
const FORM_BODIES = fc.oneof(
  FIELDS.map(fields => new URLSearchParams(fields).toString()),
  // a name with two values, as Twilio's Conversations send it (twilio-node issue 722)
  fc.constant('To=%2B2&MessagingBinding.Address=%2B9&MessagingBinding.Address=%2B1&Body=caf%C3%A9+%26+more'),
)

/** What is done to a delivery; null where it would change nothing. `value` is the signature's header or field. */
const CHANGES: Readonly<Record<string, (signed: Signed, value: string) => Partial<Signed> | string | null>> = {
  'another body': ({ body }) => {
    const bytes = Buffer.from(body)
    bytes[bytes.length >> 1] = bytes[bytes.length >> 1]! === 0x41 ? 0x42 : 0x41
    return { body: bytes.toString() }
  },
  'white space after the body': ({ body }) => ({ body: `${body} ` }),
  'the next second': ({ headers, body }) => {
    const later = (text: string): string =>
      text.replace(/(?<![0-9A-Za-z+/])1[0-9]{9}(?=[0-9]{3})?/g, second => String(Number(second) + 1))
    const changed = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, later(value)]))
    const isSame = Object.keys(headers).every(name => headers[name] === changed[name])
    return isSame ? null : { headers: changed, body }
  },
  'a character in the middle changed': (_, value) => replaceAt(value, value.length >> 1),
  'a character near the end changed': (_, value) => replaceAt(value, value.length - 4),
  'a character dropped': (_, value) => value.slice(0, value.length >> 1) + value.slice((value.length >> 1) + 1),
  'cut short': (_, value) => value.slice(0, value.length >> 1),
  'a character added': (_, value) => `${value}A`,
  'in upper case': (_, value) => value.toUpperCase(),
  'in lower case': (_, value) => value.toLowerCase(),
  'twice, with a comma': (_, value) => `${value},${value}`,
  'twice, with a space': (_, value) => `${value} ${value}`,
  'without its prefix': (_, value) => value.replace(/^[a-z0-9]+[=,]/, ''),
  'with another prefix': (_, value) => `sha512=${value}`,
  empty: () => '',
  'another text': () => 'nothing of a signature',
}

/** The same for bodies that are forms. */
const FORM_CHANGES: typeof CHANGES = {
  'a field twice': signed => ({ body: `${signed.body}&${signed.body.split('&')[0]}` }),
  'the fields in another order': ({ body }) => {
    const changed = body.split('&').reverse().join('&')
    return changed === body ? null : { body: changed }
  },
  'a letter moved from a value to its name': ({ body }) => {
    const changed = body.replace(/=([0-9A-Za-z])/, '$1=')
    return changed === body ? null : { body: changed }
  },
  'an escape in lower case': ({ body }) => {
    const changed = body.replace(/%[0-9A-F]{2}/, hex => hex.toLowerCase())
    return changed === body ? null : { body: changed }
  },
  'a letter escaped': ({ body }) => {
    const changed = body.replace(/(?<!%.?)[A-Za-z]/, letter => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`)
    return changed === body ? null : { body: changed }
  },
}

for (const [name, oracle] of Object.entries(ORACLES)) {
  const scheme = compileSource(oracle.source)
  const judge = ({ headers, body, query }: Signed, { secret }: Keys, now: number): boolean =>
    scheme.verify({ ...makeDelivery(headers, body), query }, [{ value: secret, expiresAt: null }], now).ok
  const ask = async (signed: Signed, keys: Keys, now: number): Promise<boolean> => {
    try {
      return (await oracle.accepts(signed, keys, now)) === true
    } catch {
      return false
    }
  }
  const queryOf = (text: string): string => oracle.query?.(text) ?? ''
  const signHere = (text: string, { signingKey }: Keys, now: number): Signed => {
    const { headers, body } = signDelivery(scheme, { body: Buffer.from(text), method: 'POST' }, signingKey, now)
    return { headers, body: body.toString(), query: queryOf(text) }
  }
  const runs = oracle.runs ?? RUNS
  const bodies = oracle.formOnly === true ? FORM_BODIES : oracle.jsonOnly === true ? JSON_BODIES : BODIES
  const changes = oracle.formOnly === true ? { ...CHANGES, ...FORM_CHANGES } : CHANGES

  t.test(`${name} and we accept what the other signs, and refuse what the other refuses`, async t => {
    t.intercept(https, 'get', { value: serveCertificate })
    const passed = { ours: new Set<string>(), theirs: new Set<string>() }
    const counts = { oursAccepted: 0, theirsAccepted: 0, refusedByBoth: 0 }
    await fc.assert(
      fc.asyncProperty(bodies, async text => {
        const keys = oracle.makeKeys()
        // the real time, because some libraries look at the clock; whole seconds, because most senders sign those
        const now = Math.floor(Date.now() / 1_000) * 1_000
        const ours = signHere(text, keys, now)
        if (!judge(ours, keys, now) || !(await ask(ours, keys, now))) return false
        counts.oursAccepted++
        const theirs = oracle.sign && { headers: await oracle.sign(text, keys, now), body: text, query: queryOf(text) }
        if (theirs !== undefined) {
          if (!judge(theirs, keys, now) || !(await ask(theirs, keys, now))) return false
          counts.theirsAccepted++
        }
        const others = oracle.makeKeys()
        for (const signed of theirs === undefined ? [ours] : [ours, theirs]) {
          if (judge(signed, others, now) || (await ask(signed, others, now))) return false
          for (const [change, changed] of changesOf(signed, oracle.header, changes)) {
            const [here, there] = [judge(changed, keys, now), await ask(changed, keys, now)]
            if (here) passed.ours.add(change)
            if (there) passed.theirs.add(change)
            if (!here && !there) counts.refusedByBoth++
          }
        }
        return true
      }),
      { numRuns: runs },
    )
    const { laxer = [], harmless = [] } = oracle
    t.strictSame([...passed.ours].sort(), [...harmless].sort(), 'what we do not mind')
    t.strictSame([...passed.theirs].sort(), [...laxer, ...harmless].sort(), 'what the library does not mind')
    t.equal(counts.oursAccepted, runs)
    t.equal(counts.theirsAccepted, oracle.sign === undefined ? 0 : runs)
    t.ok(counts.refusedByBoth >= runs * 10, `${counts.refusedByBoth} changed deliveries refused by both`)
  })
}

function* changesOf(signed: Signed, header: string | null, changes: typeof CHANGES): Generator<[string, Signed]> {
  const value = header === null ? (JSON.parse(signed.body).Signature as string) : signed.headers[header]!
  for (const [name, change] of Object.entries(changes)) {
    const changed = change(signed, value)
    if (changed === null || changed === value) continue
    if (typeof changed !== 'string') yield [name, { ...signed, ...changed }]
    else if (header !== null) yield [name, { ...signed, headers: { ...signed.headers, [header]: changed } }]
    else yield [name, { ...signed, body: JSON.stringify({ ...JSON.parse(signed.body), Signature: changed }) }]
  }
}

function replaceAt(value: string, at: number): string {
  return value.slice(0, at) + (value[at] === '0' ? '1' : '0') + value.slice(at + 1)
}

/** Answers with the key that the address names, in the place of Amazon's server. */
function serveCertificate(address: string, respond: (response: Readable) => void) {
  const pem = decodeURIComponent(new URL(address).pathname.slice(1).replace(/\.pem$/, ''))
  const response = Readable.from([pem])
  respond(Object.assign(response, { statusCode: 200 }))
  return response
}
