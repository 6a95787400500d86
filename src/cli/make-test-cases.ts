import { randomUUID } from 'node:crypto'
import type { SourceConfig } from '../config/read-source.ts'
import { makeDelivery, type TestDelivery } from '../source/make-delivery.ts'
import type { SchemeSettings } from '../verify/scheme.ts'
import type { SchemeDefinition, SimpleDefinition } from '../verify/scheme-definition.ts'
import { setAt } from '../verify/set-at.ts'
import { formatSignedAt, TOLERANCE_DEFAULT_MS } from '../verify/signed-at.ts'
import type { RawDelivery } from './send-raw.ts'

/** One delivery of a test, and the status that is right for it. */
export interface TestCase extends RawDelivery {
  name: string
  /** What is added to the URL of the source. */
  path: string
  expected: number
  /** What a person should know of it. */
  note: string | null
}

/** The event type of test deliveries, for senders whose event type can be said. */
const TEST_TYPE = 'pixelesq-bridge.test'
/** A word of the body, and the same with another byte. */
const [WORD, CHANGED_WORD] = ['untouched', 'unt0uched']
const DAY_MS = 86_400_000
/** Adyen signs these fields of each item, and refuses to sign where one is missing. */
const ADYEN_ITEM = {
  merchantAccountCode: 'test',
  merchantReference: 'test',
  amount: { value: 0, currency: 'EUR' },
  eventCode: 'BRIDGE_TEST',
  success: 'false',
}

/** Makes the deliveries that show whether a source tells its sender from others, as its scheme says. Throws `config_invalid` where no delivery of it can be signed. */
export function makeTestCases(source: SourceConfig, now: number): [TestCase, ...TestCase[]] {
  const proof = findProof(source, now)
  const fresh = (): TestDelivery => makeTest(source, randomUUID(), now)
  const cases: [TestCase, ...TestCase[]] = [describe('valid', fresh(), 200)]
  if (proof === null) cases[0].note = 'the source is unsigned: anybody who knows its URL can send this'
  else cases.push(...makeForged(source, proof, fresh, now))
  const method = ['PUT', 'DELETE'].find(each => !source.methods.includes(each))!
  cases.push({ ...describe('another method', fresh(), 405), method })
  return cases
}

/** Where the proof of a delivery stands: headers (lower case), the query, or the body. */
interface Proof {
  headers: ReadonlySet<string>
  inQuery: boolean
}

/** What another secret changes is the proof; null where it changes nothing. */
function findProof(source: SourceConfig, now: number): Proof | null {
  const id = randomUUID()
  const right = makeTest(source, id, now)
  const wrong = makeTest(withOtherSecrets(source), id, now)
  const headers = Object.keys(right.headers).filter(name => right.headers[name] !== wrong.headers[name])
  const inQuery = right.path !== wrong.path
  if (headers.length === 0 && !inQuery && right.body.equals(wrong.body)) return null
  return { headers: new Set(headers), inQuery }
}

function makeForged(source: SourceConfig, proof: Proof, fresh: () => TestDelivery, now: number): TestCase[] {
  const { headers, inQuery } = proof
  const forged = [
    describe('no signature', stripProof(fresh(), proof), 401),
    describe('another secret', makeTest(withOtherSecrets(source), randomUUID(), now), 401),
    makeChanged(source, now),
  ]
  const ageMs = judgedAgeMs(source)
  const id = randomUUID()
  if (ageMs !== null && !isEqual(makeTest(source, id, now), makeTest(source, id, now - ageMs)))
    forged.push(describe('an old timestamp', makeTest(source, id, now - ageMs), 401))
  if (headers.size === 0 && !inQuery) return forged
  const twice = describe('the signature twice', fresh(), 401)
  const copies = twice.headers.filter(([name]) => headers.has(name))
  const path = inQuery ? `${twice.path}&${queryOf(twice.path)}` : twice.path
  forged.push({ ...twice, path, headers: [...twice.headers, ...copies] })
  const cut = describe('the signature cut short', fresh(), 401)
  const shortened = cut.headers.map(([name, value]) => [name, headers.has(name) ? value.slice(0, -1) : value] as const)
  forged.push({ ...cut, path: inQuery ? cut.path.slice(0, -1) : cut.path, headers: shortened })
  return forged
}

/** A changed body is noticed where it would have been signed otherwise. */
function makeChanged(source: SourceConfig, now: number): TestCase {
  const id = randomUUID()
  const delivery = makeTest(source, id, now)
  const body = Buffer.from(delivery.body.toString('latin1').replace(WORD, CHANGED_WORD), 'latin1')
  const changed = { ...delivery, body }
  const isNoticed = !isEqual(changed, makeTest(source, id, now, CHANGED_WORD))
  const made = describe('one byte of the body changed', changed, isNoticed ? 401 : 200)
  if (!isNoticed) made.note = 'the scheme does not protect the body: whoever has seen a delivery can send another body'
  return made
}

function makeTest(source: SourceConfig, id: string, now: number, word = WORD): TestDelivery {
  const { preset } = source
  const body = Buffer.from(JSON.stringify(makePayload(source, id, now, word)))
  const made = makeDelivery(source, body, { id, type: TEST_TYPE, now })
  if (preset.ping === undefined) return made
  return { ...made, headers: { ...made.headers, [preset.ping.header]: preset.ping.equals[0]! } }
}

/** Says what it is, and has what a sender signs that signs the whole body or an item of it, but does not put there itself. */
function makePayload({ definition, settings }: SourceConfig, id: string, now: number, word: string): object {
  const payload = { id, type: TEST_TYPE, event: TEST_TYPE, about: 'sent by pixelesq-bridge sources test', word }
  for (const [each] of signersOf(definition, settings)) {
    if (each.kind === 'adyen-payments')
      setAt(
        payload,
        ['notificationItems'],
        [{ NotificationRequestItem: { ...ADYEN_ITEM, pspReference: id.replaceAll('-', '') } }],
      )
    if ((each.kind !== 'hmac' && each.kind !== 'digest') || each.timestampField === undefined) continue
    const text = formatSignedAt(now, each.timestampUnit)
    setAt(payload, each.timestampField.split('.'), each.timestampUnit === 'iso' ? text : Number(text))
  }
  return payload
}

function stripProof(delivery: TestDelivery, { headers, inQuery }: Proof): TestDelivery {
  const kept = Object.entries(delivery.headers).filter(([name]) => !headers.has(name))
  const inBody = headers.size === 0 && !inQuery
  return {
    path: inQuery ? delivery.path.replace(/\?.*/, '') : delivery.path,
    headers: Object.fromEntries(kept),
    // a proof in the body goes with everything else there
    body: inBody ? Buffer.from('{}') : delivery.body,
  }
}

/** How old a delivery must be to be refused; null where age is not judged. */
function judgedAgeMs({ definition, settings }: SourceConfig): number | null {
  const ages = signersOf(definition, settings).flatMap(([each, { toleranceMs }]) => {
    if (each.kind === 'jwt' && each.lifetime === 'exp') return [toleranceMs ?? TOLERANCE_DEFAULT_MS]
    const ownMs = 'toleranceMs' in each ? each.toleranceMs : undefined
    const ageMs = toleranceMs !== undefined ? toleranceMs : ownMs === undefined ? TOLERANCE_DEFAULT_MS : ownMs
    return ageMs === null ? [] : [ageMs]
  })
  return ages.length === 0 ? null : Math.max(...ages) + DAY_MS
}

/** The schemes a test delivery is signed by: of alternatives the first. */
function signersOf(definition: SchemeDefinition, settings: SchemeSettings): [SimpleDefinition, SchemeSettings][] {
  if (!('members' in definition)) return [[definition, settings]]
  const { kind, members } = definition
  return (kind === 'any-of' ? members.slice(0, 1) : members).map(member => [member.definition, member.settings])
}

function withOtherSecrets(source: SourceConfig): SourceConfig {
  return { ...source, secrets: source.secrets.map(secret => ({ ...secret, value: changeSecret(secret.value) })) }
}

/** Another secret of the same form: a letter or digit in its middle, which a hex or base64 text may have too, is another. */
function changeSecret(secret: string): string {
  const at = secret.slice(Math.floor(secret.length / 2)).search(/[A-Za-z0-9]/) + Math.floor(secret.length / 2)
  return `${secret.slice(0, at)}${secret[at] === 'a' ? 'b' : 'a'}${secret.slice(at + 1)}`
}

function isEqual(left: TestDelivery, right: TestDelivery): boolean {
  const headOf = ({ path, headers }: TestDelivery) => JSON.stringify([path, headers])
  return headOf(left) === headOf(right) && left.body.equals(right.body)
}

function queryOf(path: string): string {
  return path.slice(path.indexOf('?') + 1)
}

function describe(name: string, { path, headers, body }: TestDelivery, expected: number): TestCase {
  return { name, path, method: 'POST', headers: Object.entries(headers), body, expected, note: null }
}
