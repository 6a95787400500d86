import t from 'tap'
import type { FaultInput } from '../../../src/pixelesq/sandbox/faults.ts'
import type { Sandbox } from '../../../src/pixelesq/sandbox/start-sandbox.ts'
import { type Called, call, EDITOR, openSandbox, readOperation } from '../../fixtures/call-sandbox.ts'

const variables = { collectionId: 'col_products', payload: { name: 'Gold', slug: 'gold' } }

function create(sandbox: Sandbox): Promise<Called> {
  return call(sandbox, 'createEntry', variables)
}

/** The raw answer, or 'broken' where it did not arrive whole. */
async function fetchText(
  sandbox: Sandbox,
  init: RequestInit = {},
): Promise<{ status: number; text: string; location: string | null } | 'broken'> {
  const body = JSON.stringify({ query: readOperation('createEntry'), variables })
  const headers = { authorization: `Bearer ${EDITOR}`, 'content-type': 'application/json' }
  try {
    const response = await fetch(sandbox.url, { method: 'POST', redirect: 'manual', headers, body, ...init })
    return { status: response.status, text: await response.text(), location: response.headers.get('location') }
  } catch {
    return 'broken'
  }
}

async function openWith(t: Parameters<typeof openSandbox>[0], fault: FaultInput): Promise<Sandbox> {
  const sandbox = await openSandbox(t)
  sandbox.addFault(fault)
  return sandbox
}

t.test('reset-before cuts without applying, reset-after applies and cuts', async t => {
  for (const [kind, effects] of [
    ['reset-before', 0],
    ['reset-after', 1],
  ] as const) {
    const sandbox = await openWith(t, { kind, operation: 'createEntry' })
    t.equal(await fetchText(sandbox), 'broken', kind)
    t.equal(sandbox.readLedger().effects, effects, kind)
    t.match(sandbox.readLedger().entries[0], { fault: kind, status: null, applied: effects === 1 })
    t.equal((await create(sandbox)).result.success, true)
  }
})

t.test('status answers as told, applied or not', async t => {
  const sandbox = await openSandbox(t)
  sandbox.addFault({ kind: 'status', status: 502, body: '<h1>Bad gateway</h1>' })
  sandbox.addFault({ kind: 'status', status: 500, apply: true })
  t.match(await fetchText(sandbox), { status: 502, text: '<h1>Bad gateway</h1>' })
  t.equal(sandbox.readLedger().effects, 0)
  t.match(await fetchText(sandbox), { status: 500, text: /statusCode/ })
  t.equal(sandbox.readLedger().effects, 1)
})

t.test('garbage is 200 with what is not JSON', async t => {
  const sandbox = await openWith(t, { kind: 'garbage', apply: true })
  const answer = await create(sandbox)
  t.equal(answer.status, 200)
  t.equal(answer.body, null)
  t.equal(sandbox.readLedger().effects, 1)
})

t.test('truncated applies and sends half', async t => {
  const sandbox = await openWith(t, { kind: 'truncated' })
  t.equal(await fetchText(sandbox), 'broken')
  t.match(sandbox.readLedger().entries[0], { applied: true, status: 200, fault: 'truncated' })
})

t.test('refuse is success false and changes nothing', async t => {
  const sandbox = await openWith(t, { kind: 'refuse' })
  const { status, result, entry } = await create(sandbox)
  t.equal(status, 200)
  t.equal(result.success, false)
  t.equal(entry, null)
  t.equal(sandbox.readLedger().effects, 0)
})

t.test('hang never answers, and close ends it', async t => {
  const sandbox = await openWith(t, { kind: 'hang' })
  const hanging = fetchText(sandbox)
  while (sandbox.readLedger().entries[0]?.fault !== 'hang') await new Promise(resolve => setImmediate(resolve))
  t.equal(sandbox.readLedger().entries[0]?.finishedMs, null)
  await sandbox.close()
  t.equal(await hanging, 'broken')
})

t.test('a client that gives up a hanging request frees its place', async t => {
  const sandbox = await openWith(t, { kind: 'hang' })
  sandbox.setLimits({ concurrent: 1 })
  t.equal(await fetchText(sandbox, { signal: AbortSignal.timeout(100) }), 'broken')
  while (sandbox.readLedger().entries[0]?.finishedMs === null) await new Promise(resolve => setImmediate(resolve))
  t.equal((await create(sandbox)).status, 200)
})

t.test('huge is valid JSON over the size told', async t => {
  const sandbox = await openWith(t, { kind: 'huge', bytes: 3_000_000 })
  const answer = await fetchText(sandbox)
  if (answer === 'broken') throw new Error('broken')
  t.ok(answer.text.length > 3_000_000)
  t.equal(JSON.parse(answer.text).data.createEntry.success, true)
})

t.test('redirect is a 307 to the address told and changes nothing', async t => {
  const sandbox = await openWith(t, { kind: 'redirect', url: 'http://127.0.0.1:9/elsewhere' })
  t.match(await fetchText(sandbox), { status: 307, location: 'http://127.0.0.1:9/elsewhere' })
  t.equal(sandbox.readLedger().effects, 0)
})

t.test('graphql-error has no data, partial has data and errors', async t => {
  const sandbox = await openSandbox(t)
  sandbox.addFault({ kind: 'graphql-error', code: 'INTERNAL_SERVER_ERROR', message: 'boom' })
  sandbox.addFault({ kind: 'partial' })
  const failed = await create(sandbox)
  t.same(failed.body, { data: null, errors: [{ message: 'boom', extensions: { code: 'INTERNAL_SERVER_ERROR' } }] })
  t.equal(sandbox.readLedger().effects, 0)
  const partial = await create(sandbox)
  t.equal(partial.result.success, true)
  t.equal(partial.body?.errors?.length, 1)
  t.equal(sandbox.readLedger().effects, 1)
})

t.test('unauthorized, forbidden and rate-limit answer 401, 403 and 429', async t => {
  const sandbox = await openSandbox(t)
  sandbox.addFault({ kind: 'unauthorized' })
  sandbox.addFault({ kind: 'forbidden' })
  sandbox.addFault({ kind: 'rate-limit', retryAfter: 7 })
  sandbox.addFault({ kind: 'rate-limit', retryAfter: null })
  const answers = [await create(sandbox), await create(sandbox), await create(sandbox), await create(sandbox)]
  t.same(
    answers.map(answer => answer.status),
    [401, 403, 429, 429],
  )
  t.same(
    answers.map(answer => answer.headers.get('retry-after')),
    [null, null, '7', null],
  )
  t.equal(sandbox.readLedger().effects, 0)
})

t.test('delay waits and then lets another fault act', async t => {
  const sandbox = await openSandbox(t)
  sandbox.addFault({ kind: 'delay', ms: 20 })
  sandbox.addFault({ kind: 'refuse' })
  t.equal((await create(sandbox)).result.success, false)
  t.equal((await create(sandbox)).result.success, true)
})

t.test('a request that is delayed until the server closes takes no effect', async t => {
  const sandbox = await openWith(t, { kind: 'delay', ms: 600_000 })
  const delayed = fetchText(sandbox)
  while (sandbox.readLedger().lastSeq === 0) await new Promise(resolve => setImmediate(resolve))
  await sandbox.close()
  t.equal(await delayed, 'broken')
  t.equal(sandbox.readLedger().effects, 0)
})

t.test('a fault fires as often as told, for the operation told', async t => {
  const sandbox = await openWith(t, { kind: 'refuse', operation: 'createEntry', times: 2 })
  t.equal((await call(sandbox, 'deleteEntry', { entryId: 'ent_free' })).result.success, true)
  t.equal((await create(sandbox)).result.success, false)
  t.equal((await create(sandbox)).result.success, false)
  t.equal((await create(sandbox)).result.success, true)
})

t.test('a fault with a probability fires when chance says so, until it is cleared', async t => {
  const numbers = [0.9, 0.1, 0.1, 0.9]
  const sandbox = await openSandbox(t, { random: () => numbers.shift() ?? 0 })
  sandbox.addFault({ kind: 'refuse', probability: 0.5 })
  const outcomes = [await create(sandbox), await create(sandbox), await create(sandbox), await create(sandbox)]
  t.same(
    outcomes.map(answer => answer.result.success),
    [true, false, false, true],
  )
  sandbox.clearFaults()
  t.equal((await create(sandbox)).result.success, true)
})
