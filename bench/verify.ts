/**
 * What it costs to judge one delivery of 17 KB, on one thread, beside an HMAC of the same bytes that Node computes and
 * nobody compares: by the clock, and in processor time, which other processes of a busy machine do not lengthen by
 * their turns. Asked: at most 60 µs for senders that sign with an HMAC.
 * Run: npm run bench:verify [-- rounds]
 */
import { createHmac, generateKeyPairSync, type KeyPairKeyObjectResult } from 'node:crypto'
import type { Delivery } from '../src/verify/delivery.ts'
import { signDelivery } from '../src/verify/sign-delivery.ts'
import { compileSource } from './compile-source.ts'
import { readGithubPayload } from './github-payload.ts'
import { median, printTable } from './table.ts'

const ROUNDS = Number(process.argv[2] ?? 5)
const MEASURE_MS = 400
const NOW = Date.now()
const SECRET = 'a-secret-of-the-bench-0123456789'
const WHSEC = `whsec_${Buffer.alloc(32, 7).toString('base64')}`
const TOKENS = { algorithm: 'RS256', issuer: 'https://issuer.example', audience: 'bridge', secrets: ['file:keys'] }
const HMAC_GOAL_US = 60

/** What a sender's HTTP client adds; a scheme looks for its own headers among them. */
const USUAL_HEADERS = {
  Host: 'hooks.example.com',
  'User-Agent': 'GitHub-Hookshot/044aadd',
  Accept: '*/*',
  'Accept-Encoding': 'gzip, deflate',
  'Content-Type': 'application/json',
  'Content-Length': '17000',
  'X-GitHub-Event': 'workflow_run',
  'X-GitHub-Delivery': '72d3162e-cc78-11e3-81ab-4c9367dc0958',
  'X-GitHub-Hook-ID': '292430182',
  'X-GitHub-Hook-Installation-Target-ID': '79929171',
  'X-GitHub-Hook-Installation-Target-Type': 'repository',
}

interface Case {
  source: Readonly<Record<string, unknown>>
  /** What the source is given, and what the sender signs with. */
  secret: string
  signingKey: string
  goalUs: number | null
}

const hmac = (scheme: string, secret = SECRET): Case => ({
  source: { scheme },
  secret,
  signingKey: secret,
  goalUs: HMAC_GOAL_US,
})
const signed = (source: Case['source'], { publicKey, privateKey }: KeyPairKeyObjectResult): Case => ({
  source,
  secret: String(publicKey.export({ type: 'spki', format: 'pem' })),
  signingKey: String(privateKey.export({ type: 'pkcs8', format: 'pem' })),
  goalUs: null,
})

const CASES: Readonly<Record<string, Case>> = {
  github: hmac('github'),
  stripe: hmac('stripe'),
  'standard-webhooks': hmac('standard-webhooks', WHSEC),
  'jwt, RS256': signed({ scheme: 'jwt', ...TOKENS }, generateKeyPairSync('rsa', { modulusLength: 2048 })),
  'ed25519 (discord)': signed({ scheme: 'discord' }, generateKeyPairSync('ed25519')),
  basic: { ...hmac('basic', `user:${SECRET}`), goalUs: null },
}

const { body } = readGithubPayload()
const works: [string, () => unknown][] = [
  ['HMAC-SHA256 by Node alone', () => createHmac('sha256', SECRET).update(body).digest()],
]
for (const [name, { source, secret, signingKey }] of Object.entries(CASES)) {
  const scheme = compileSource(source)
  const { headers } = signDelivery(scheme, { body, method: 'POST' }, signingKey, NOW)
  const rawHeaders = Object.entries({ ...USUAL_HEADERS, ...headers }).flat()
  const delivery: Delivery = { method: 'POST', query: '', rawHeaders, body }
  const secrets = [{ value: secret, expiresAt: null }]
  const { ok } = await scheme.verify(delivery, secrets, NOW)
  if (!ok) throw new Error(`${name}: the delivery is not accepted`)
  works.push([name, () => scheme.verify(delivery, secrets, NOW)])
}

const samples = new Map(works.map(([name]) => [name, [] as Cost[]]))
for (const [, work] of works) await measure(work)
for (let round = 0; round < ROUNDS; round++)
  for (const [name, work] of works) samples.get(name)!.push(await measure(work))

const [[bareName]] = works as [[string, unknown]]
const medianOf = (name: string, part: keyof Cost): number => median(samples.get(name)!.map(cost => cost[part]))
process.stdout.write(`\nPayload of ${body.length} bytes, one thread, one secret, median of ${ROUNDS} rounds\n`)
printTable(
  works.map(([name]) => {
    const goalUs = CASES[name]?.goalUs ?? null
    return {
      what: name,
      'µs each': medianOf(name, 'clockUs').toFixed(1),
      'µs of processor': medianOf(name, 'processorUs').toFixed(1),
      'times the HMAC alone': (medianOf(name, 'processorUs') / medianOf(bareName, 'processorUs')).toFixed(2),
      'µs, highest': Math.max(...samples.get(name)!.map(({ clockUs }) => clockUs)).toFixed(1),
      goal: goalUs === null ? '' : `${goalUs} µs`,
    }
  }),
)

/** What one call takes, in µs. */
interface Cost {
  clockUs: number
  processorUs: number
}

async function measure(work: () => unknown): Promise<Cost> {
  const usedBefore = process.cpuUsage()
  const startedAt = performance.now()
  let count = 0
  let now = startedAt
  while (now - startedAt < MEASURE_MS) {
    for (let i = 0; i < 50; i++) {
      const result = work()
      // waited for only where there is something to wait for: a turn of the event loop is a cost of its own
      if (result instanceof Promise) await result
    }
    count += 50
    now = performance.now()
  }
  const used = process.cpuUsage(usedBefore)
  return { clockUs: ((now - startedAt) * 1_000) / count, processorUs: (used.user + used.system) / count }
}
