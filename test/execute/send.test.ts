import t from 'tap'
import { redact } from '../../src/execute/send.ts'
import type { FaultInput } from '../../src/pixelesq/sandbox/faults.ts'
import { EDITOR, openSandbox, readOperation } from '../fixtures/call-sandbox.ts'
import { DOCUMENT, makeAgent, sendTo, startTarget, TOKEN } from '../fixtures/start-target.ts'

const APPLIED = '{"data":{"save":{"success":true}}}'

t.test('a request is what it should be, byte for byte', async t => {
  const target = await startTarget(t, { body: APPLIED })
  const variables = { a: { text: 'ä "quoted" \u2028 \u0000', list: [1, null, true], n: 1.5 } }
  await sendTo(t, target.endpoint, { variables })
  const [request] = target.requests
  t.equal(request?.method, 'POST')
  t.equal(request?.url, '/graphql')
  t.equal(request?.headers.authorization, `Bearer ${TOKEN}`)
  t.match(request?.headers['content-type'], /^application\/json/)
  t.equal(request?.headers['accept-encoding'], 'identity')
  t.match(request?.headers.accept, /application\/json/)
  t.equal(request?.body, JSON.stringify({ query: DOCUMENT, variables, operationName: 'save' }))
})

t.test('the document goes out as the file has it: comments, commas, blanks and all', async t => {
  const target = await startTarget(t, { body: APPLIED })
  const document = readOperation('publishEntry')
  await sendTo(t, target.endpoint, { document, operation: 'publishEntry' })
  t.equal(JSON.parse(target.requests[0]!.body).query, document)
})

t.test('names of variables that look like something else are data', async t => {
  const target = await startTarget(t, { body: APPLIED })
  const variables = JSON.parse('{"__proto__":{"a":1},"constructor":2,"query":"q","operationName":"evil"}')
  await sendTo(t, target.endpoint, { variables })
  t.equal(target.requests[0]?.body, JSON.stringify({ query: DOCUMENT, variables, operationName: 'save' }))
})

t.test('what cannot be written as JSON is not sent', async t => {
  const target = await startTarget(t, { body: APPLIED })
  const loop: Record<string, unknown> = {}
  loop.loop = loop
  for (const variables of [{ a: 1n }, loop])
    t.same(await sendTo(t, target.endpoint, { variables }), { kind: 'not_sent', cause: 'local' })
  t.equal(target.requests.length, 0)
})

t.test('a token that is no header is not sent, and its text goes nowhere', async t => {
  const target = await startTarget(t, { body: APPLIED })
  const sent = await sendTo(t, target.endpoint, { token: 'secret\r\nx-injected: 1' })
  t.same(sent, { kind: 'not_sent', cause: 'local' })
  t.equal(target.requests.length, 0)
})

t.test('data, errors, status and Retry-After are told as they came', async t => {
  const body = JSON.stringify({
    data: { save: null },
    errors: [
      { message: 'no', extensions: { code: 'FORBIDDEN' } },
      { message: 5, extensions: { code: 7 } },
      null,
      { message: 'plain' },
    ],
  })
  const target = await startTarget(t, { status: 429, headers: { 'retry-after': '7' }, body })
  t.same(await sendTo(t, target.endpoint), {
    kind: 'answered',
    status: 429,
    data: { save: null },
    errors: [
      { message: 'no', code: 'FORBIDDEN' },
      { message: 'no message', code: '7' },
      { message: 'no message', code: null },
      { message: 'plain', code: null },
    ],
    retryAfter: '7',
    body,
  })
})

t.test('an error status is an answer, whatever its body', async t => {
  for (const [status, body] of [
    [400, '{"errors":[{"message":"bad"}]}'],
    [401, '<h1>Unauthorized</h1>'],
    [404, ''],
    [500, '{"statusCode":500}'],
    [502, '<html>'],
    [503, '{"data":'],
  ] as const) {
    const target = await startTarget(t, { status, headers: { 'content-type': 'text/html' }, body })
    t.match(await sendTo(t, target.endpoint), { kind: 'answered', status, data: null, body })
  }
})

t.test('GraphQL errors of an error status are read', async t => {
  for (const type of ['application/json', 'application/graphql-response+json; charset=utf-8']) {
    const body = '{"errors":[{"message":"bad","extensions":{"code":"BAD_USER_INPUT"}}]}'
    const target = await startTarget(t, { status: 400, headers: { 'content-type': type }, body })
    t.match(await sendTo(t, target.endpoint), { errors: [{ message: 'bad', code: 'BAD_USER_INPUT' }] }, type)
  }
})

t.test('an answer is read by what it holds: its type may be wrong or missing, its errors null', async t => {
  for (const type of ['text/html', 'text/plain', 'application/octet-stream', '']) {
    const target = await startTarget(t, { headers: { 'content-type': type }, body: APPLIED })
    t.match(await sendTo(t, target.endpoint), { kind: 'answered', data: { save: { success: true } }, errors: [] }, type)
  }
  const target = await startTarget(t, { body: '{"data":{"save":{"success":true}},"errors":null}' })
  t.match(await sendTo(t, target.endpoint), { kind: 'answered', data: { save: { success: true } }, errors: [] })
  const refused = await startTarget(t, {
    status: 400,
    headers: { 'content-type': 'text/plain' },
    body: '{"errors":[{"message":"bad"}]}',
  })
  t.match(await sendTo(t, refused.endpoint), { status: 400, errors: [{ message: 'bad' }] })
})

t.test('a token that the API repeats is struck out everywhere (T111)', async t => {
  const token = 'abc/DEF+ghi=jkl.m-n_o~p'
  const spellings = [
    token,
    token.replaceAll('/', '\\/'),
    token.replaceAll('=', '\\u003d').replaceAll('+', '\\u002B'),
    encodeURIComponent(token),
    JSON.stringify(token.replaceAll('/', '\\/')).slice(1, -1),
  ]
  for (const spelling of spellings) {
    const body = `{"data":{"save":{"echo":"Bearer ${spelling}"}},"errors":[{"message":"Authorization: Bearer ${spelling}, bad","extensions":{"code":"${spelling}"}}]}`
    for (const [status, type] of [
      [200, 'application/json'],
      [400, 'application/json'],
      [500, 'text/html'],
    ] as const) {
      const target = await startTarget(t, { status, headers: { 'content-type': type }, body })
      const sent = await sendTo(t, target.endpoint, { token })
      const text = JSON.stringify(sent)
      t.equal(sent.kind, 'answered')
      t.notMatch(text, 'jkl', `${status} ${spelling}`)
      t.match(text, /\[redacted\]/)
      if (sent.kind === 'answered' && status === 400) t.equal(sent.errors[0]?.code, '[redacted]')
    }
  }
})

t.test('only the token is struck out', async t => {
  t.equal(redact('a.b axb', 'a.b'), '[redacted] axb')
  t.equal(redact('x (y) [z] $& y', '(y)'), 'x [redacted] [z] $& y')
  t.equal(redact('nothing here', TOKEN), 'nothing here')
  t.equal(redact(`${TOKEN}${TOKEN}`, TOKEN), '[redacted][redacted]')
})

t.test('failures carry no text at all, so no secret either', async t => {
  const sent = await sendTo(t, new URL('http://127.0.0.1:9/'))
  t.same(Object.keys(sent).sort(), ['cause', 'kind'])
})

// the sandbox and its faults

const variables = { collectionId: 'col_products', payload: { name: 'Gold', slug: 'gold' } }
const CASES: [FaultInput, object, number][] = [
  [{ kind: 'reset-before' }, { kind: 'lost', cause: 'reset', status: null }, 0],
  [{ kind: 'reset-after' }, { kind: 'lost', cause: 'reset', status: null }, 1],
  [{ kind: 'status', status: 504, apply: true }, { kind: 'answered', status: 504, data: null }, 1],
  [{ kind: 'status', status: 502, body: '<h1>Bad gateway</h1>' }, { kind: 'answered', status: 502, errors: [] }, 0],
  [{ kind: 'garbage', apply: true }, { kind: 'lost', cause: 'invalid_answer', status: 200 }, 1],
  [{ kind: 'truncated' }, { kind: 'lost', cause: 'reset', status: 200 }, 1],
  [{ kind: 'hang', apply: true }, { kind: 'lost', cause: 'deadline', status: null }, 1],
  [{ kind: 'huge' }, { kind: 'lost', cause: 'oversize', status: 200 }, 1],
  [{ kind: 'redirect', url: 'http://127.0.0.1:9/x' }, { kind: 'not_sent', cause: 'redirect' }, 0],
  [{ kind: 'refuse', message: 'No.' }, { kind: 'answered', data: { createEntry: { success: false } } }, 0],
  [
    { kind: 'graphql-error', code: 'INTERNAL_SERVER_ERROR', message: 'boom' },
    { kind: 'answered', status: 200, data: null, errors: [{ message: 'boom', code: 'INTERNAL_SERVER_ERROR' }] },
    0,
  ],
  [{ kind: 'partial' }, { kind: 'answered', data: { createEntry: { success: true } }, errors: [{}] }, 1],
  [{ kind: 'unauthorized' }, { kind: 'answered', status: 401 }, 0],
  [{ kind: 'forbidden' }, { kind: 'answered', status: 403 }, 0],
  [{ kind: 'rate-limit', retryAfter: 7 }, { kind: 'answered', status: 429, retryAfter: '7' }, 0],
  [{ kind: 'rate-limit', retryAfter: null }, { kind: 'answered', status: 429, retryAfter: null }, 0],
  [{ kind: 'delay', ms: 10 }, { kind: 'answered', status: 200, data: { createEntry: { success: true } } }, 1],
]

t.test('every fault of the sandbox is told as what it is, with one request for one call', async t => {
  const sandbox = await openSandbox(t)
  const agent = makeAgent(t)
  for (const [fault, expected, effects] of CASES) {
    sandbox.reset()
    sandbox.addFault(fault)
    const sent = await sendTo(t, new URL(sandbox.url), {
      agent,
      token: EDITOR,
      operation: 'createEntry',
      document: readOperation('createEntry'),
      variables,
      deadlineMs: fault.kind === 'hang' ? 300 : 5_000,
      responseBytesMax: 1_048_576,
    })
    const name = JSON.stringify(fault)
    t.match(sent, expected, name)
    t.equal(sandbox.readLedger().effects, effects, `effects of ${name}`)
    t.equal(sandbox.readLedger().entries.length, 1, `requests of ${name}`)
  }
})

t.test('a token that the sandbox does not know is a 401', async t => {
  const sandbox = await openSandbox(t)
  t.match(await sendTo(t, new URL(sandbox.url), { token: 'wrong' }), { kind: 'answered', status: 401 })
})
