/**
 * Whether the time a refusal takes tells how much of a guess was right (T024, threats.md A): a secret or signature that
 * is wrong in its first byte against one that is wrong in its last, 20,000 samples of each in random order, compared by
 * Welch's t. Asked: |t| below 4.5 for each scheme; the exit code is 1 where one is not. A comparison that stops at the
 * first difference is measured along and must be found out: otherwise the measurement is blind, and fails too.
 * Run: npm run bench:timing [-- samples]
 */
import { createHmac } from 'node:crypto'
import { findAdminKey, readBearerKey, toAdminKeys } from '../src/admin/admin-keys.ts'
import { compileSource } from './compile-source.ts'
import { printTable, quantile } from './table.ts'

const SAMPLES = Number(process.argv[2] ?? 20_000)
const WARM_UP = 5_000
const T_MAX = 4.5
/** Samples above this quantile of both classes together are left out: they are garbage collection and other processes. */
const CROP_QUANTILE = 0.95
const NOW = Date.now()
// Small, so that what is compared is not lost in what is hashed.
const BODY = Buffer.from('{"action":"ping"}')
const SECRET = 'q7Zr4mVx0cLd9KpWt2Ys8BnHf5JgTu3A'

/** The right header, two that are wrong in one byte of what is secret, and how one is judged. */
interface Target {
  genuine: string
  guesses: { first: string; last: string }
  isAccepted(value: string): boolean
}

/** `write` makes the header of what is secret. */
function makeTarget(secret: string, write: (secret: string) => string, isAccepted: Target['isAccepted']): Target {
  const guesses = { first: write(replaceAt(secret, 0)), last: write(replaceAt(secret, secret.length - 1)) }
  return { genuine: write(secret), guesses, isAccepted }
}

function verifying(source: Readonly<Record<string, unknown>>, header: string, secret: string): Target['isAccepted'] {
  const scheme = compileSource(source)
  if (scheme.isAsync === true) throw new Error('expected a scheme that answers at once')
  const secrets = [{ value: secret, expiresAt: null }]
  return value => {
    const rawHeaders = ['Host', 'hooks.example.com', 'Content-Type', 'application/json', header, value]
    return scheme.verify({ method: 'POST', query: '', rawHeaders, body: BODY }, secrets, NOW).ok
  }
}

const sign = (): string => createHmac('sha256', SECRET).update(BODY).digest('hex')
const USER = `user-of-it:${SECRET}`
const ADMIN_KEYS = toAdminKeys([{ name: 'ops', role: 'admin', key: SECRET }])

function isAdmin(value: string): boolean {
  const key = readBearerKey(['authorization', value])
  return key !== null && findAdminKey(key, ADMIN_KEYS) !== null
}

function isSameByByte(value: string): boolean {
  const computed = sign()
  for (let at = 0; at < computed.length; at++) if (computed[at] !== value[at]) return false
  return computed.length === value.length
}

const CONTROL = 'control: stops at the first difference'
const TARGETS: Readonly<Record<string, Target>> = {
  'HMAC (github)': makeTarget(
    sign(),
    digest => `sha256=${digest}`,
    verifying({ scheme: 'github' }, 'x-hub-signature-256', SECRET),
  ),
  'static token (gitlab-token)': makeTarget(
    SECRET,
    token => token,
    verifying({ scheme: 'gitlab-token' }, 'x-gitlab-token', SECRET),
  ),
  'admin key': makeTarget(SECRET, key => `Bearer ${key}`, isAdmin),
  basic: makeTarget(
    USER,
    user => `Basic ${Buffer.from(user).toString('base64')}`,
    verifying({ scheme: 'basic' }, 'authorization', USER),
  ),
  [CONTROL]: makeTarget(sign(), digest => digest, isSameByByte),
}

const rows = Object.entries(TARGETS).map(([name, target]) => ({ name, ...measure(name, target) }))
process.stdout.write(
  `\n${SAMPLES} samples of each, in random order, those above the quantile ${CROP_QUANTILE} of all left out\n`,
)
printTable(
  rows.map(({ name, first, last, t }) => ({
    what: name,
    'first byte wrong, ns': first.mean.toFixed(0),
    'last byte wrong, ns': last.mean.toFixed(0),
    kept: first.count + last.count,
    't (Welch)': t.toFixed(2),
    goal: name === CONTROL ? `|t| > ${T_MAX}` : `|t| < ${T_MAX}`,
  })),
)
process.exitCode = rows.every(({ name, t }) => Math.abs(t) < T_MAX !== (name === CONTROL)) ? 0 : 1

function measure(name: string, { genuine, guesses, isAccepted }: Target) {
  if (!isAccepted(genuine)) throw new Error(`${name}: the genuine value is not accepted`)
  const samples = { first: [] as number[], last: [] as number[] }
  for (let n = 0; n < WARM_UP; n++) for (const guess of Object.values(guesses)) timeRefusal(guess, isAccepted)
  const order = shuffle(Array.from({ length: SAMPLES * 2 }, (_, n) => (n % 2 === 0 ? 'first' : 'last')))
  for (const which of order) samples[which].push(timeRefusal(guesses[which], isAccepted))
  const highest = quantile([...samples.first, ...samples.last], CROP_QUANTILE)
  const [first, last] = [samples.first, samples.last].map(values => describe(values.filter(ns => ns <= highest)))
  const t = (first!.mean - last!.mean) / Math.sqrt(first!.variance / first!.count + last!.variance / last!.count)
  return { first: first!, last: last!, t }
}

/** ns of one refusal. The text is new each time, as one that came over the wire is, so that no object is known already. */
function timeRefusal(guess: string, isAccepted: Target['isAccepted']): number {
  const value = Buffer.from(guess, 'latin1').toString('latin1')
  const startedAt = process.hrtime.bigint()
  const accepted = isAccepted(value)
  const ns = Number(process.hrtime.bigint() - startedAt)
  if (accepted) throw new Error('a wrong guess was accepted')
  return ns
}

/** Another character, and one that hex knows too. */
function replaceAt(value: string, at: number): string {
  return value.slice(0, at) + (value[at] === '0' ? '4' : '0') + value.slice(at + 1)
}

function describe(values: readonly number[]): { count: number; mean: number; variance: number } {
  const count = values.length
  const mean = values.reduce((sum, value) => sum + value, 0) / count
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (count - 1)
  return { count, mean, variance }
}

function shuffle<T>(items: T[]): T[] {
  for (let at = items.length - 1; at > 0; at--) {
    const other = Math.floor(Math.random() * (at + 1))
    ;[items[at], items[other]] = [items[other]!, items[at]!]
  }
  return items
}
