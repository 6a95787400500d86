import { connect, createServer } from 'node:net'
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import t, { type Test } from 'tap'
import { exchange } from '../../src/execute/exchange.ts'
import { makeAgent, sendTo, startRawTarget, startTarget } from '../fixtures/start-target.ts'

const JSON_HEAD = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n'
const APPLIED = '{"data":{"save":{"success":true}}}'

function lost(cause: string, status: number | null = null): object {
  return { kind: 'lost', cause, status }
}
function notSent(cause: string): object {
  return { kind: 'not_sent', cause }
}

// what could not have been applied

t.test('a refused connection: nothing was sent (T105)', async t => {
  const server = createServer()
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise(resolve => server.close(resolve))
  t.same(await sendTo(t, new URL(`http://127.0.0.1:${port}/`)), notSent('refused'))
})

for (const code of ['ENOTFOUND', 'EAI_AGAIN']) {
  t.test(`a name that is not found (${code}): nothing was sent (T105)`, async t => {
    const lookup = (_name: string, _options: unknown, done: (error: Error, address: string, family: number) => void) =>
      done(Object.assign(new Error(`getaddrinfo ${code}`), { code }), '', 4)
    const agent = makeAgent(t, { connect: { lookup } })
    t.same(await sendTo(t, new URL('http://api.invalid/graphql'), { agent }), notSent('dns'))
  })
}

for (const [code, cause] of [
  ['ECONNREFUSED', 'refused'],
  ['EHOSTUNREACH', 'refused'],
  ['ENETUNREACH', 'refused'],
  ['ETIMEDOUT', 'connect_timeout'],
  ['UND_ERR_CONNECT_TIMEOUT', 'connect_timeout'],
  ['CERT_HAS_EXPIRED', 'tls'],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'tls'],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'tls'],
  ['SELF_SIGNED_CERT_IN_CHAIN', 'tls'],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'tls'],
  ['ERR_SSL_WRONG_VERSION_NUMBER', 'tls'],
  ['EPROTO', 'tls'],
  ['HOSTNAME_MISMATCH', 'tls'],
  ['INVALID_CA', 'tls'],
  ['ECONNRESET', 'reset'],
  ['EMFILE', 'reset'],
] as const) {
  t.test(`no connection because of ${code}: nothing was sent, the cause is "${cause}" (T105)`, async t => {
    const agent = makeAgent(t, {
      connect: (_options, done) => done(Object.assign(new Error(code), { code }), null),
    })
    t.same(await sendTo(t, new URL('http://api.invalid/graphql'), { agent }), notSent(cause))
  })
}

t.test('a server that does not speak TLS: nothing was sent (T105)', async t => {
  const target = await startRawTarget(t, () => {})
  const plain = createServer(socket => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'))
  await new Promise<void>(resolve => plain.listen(0, '127.0.0.1', resolve))
  t.teardown(() => plain.close())
  const { port } = plain.address() as { port: number }
  t.same(await sendTo(t, new URL(`https://127.0.0.1:${port}/`)), notSent('tls'))
  t.equal(target.received(), '')
})

t.test('a connection that is never made ends at the deadline: nothing was sent (T105)', async t => {
  const agent = makeAgent(t, { connect: () => {} })
  t.same(await sendTo(t, new URL('http://api.invalid/graphql'), { agent, deadlineMs: 50 }), notSent('deadline'))
})

t.test('a connection that takes too long ends at its own time-out: nothing was sent (T105)', async t => {
  const agent = makeAgent(t, {
    connect: (_options, done) => {
      setTimeout(() => done(Object.assign(new Error('slow'), { code: 'UND_ERR_CONNECT_TIMEOUT' }), null), 20)
    },
  })
  t.same(await sendTo(t, new URL('http://api.invalid/graphql'), { agent }), notSent('connect_timeout'))
})

t.test('a request that waits for a free connection until its deadline is never sent afterwards', async t => {
  let answerFirst = (): void => {}
  const target = await startRawTarget(t, socket => {
    answerFirst = () => socket.write(`${JSON_HEAD}content-length: ${APPLIED.length}\r\n\r\n${APPLIED}`)
  })
  const agent = makeAgent(t, { connections: 1 })
  const first = sendTo(t, target.endpoint, { agent, variables: { n: 'first' } })
  while (!target.received().includes('first')) await new Promise(resolve => setImmediate(resolve))
  t.same(await sendTo(t, target.endpoint, { agent, variables: { n: 'second' }, deadlineMs: 50 }), notSent('deadline'))
  answerFirst()
  t.equal((await first).kind, 'answered')
  const third = sendTo(t, target.endpoint, { agent, variables: { n: 'third' } })
  while (!target.received().includes('third')) await new Promise(resolve => setImmediate(resolve))
  answerFirst()
  t.equal((await third).kind, 'answered')
  t.notMatch(target.received(), 'second')
})

for (const status of [301, 302, 303, 307, 308]) {
  t.test(`a ${status} to another host is not followed: neither token nor body goes there (T110)`, async t => {
    const other = await startTarget(t, { body: APPLIED })
    const target = await startTarget(t, { status, headers: { location: other.endpoint.href }, body: '' })
    t.same(await sendTo(t, target.endpoint), notSent('redirect'))
    t.equal(target.requests.length, 1)
    t.equal(other.requests.length, 0)
  })
}

// what may have been applied

t.test('a reset after the request, before any answer (T106)', async t => {
  const target = await startRawTarget(t, socket => socket.resetAndDestroy())
  t.same(await sendTo(t, target.endpoint), lost('reset'))
  t.match(target.received(), /"operationName":"save"/)
})

for (const code of ['ETIMEDOUT', 'EPROTO', 'EHOSTUNREACH', 'ENOTFOUND']) {
  t.test(`a connection that fails with ${code} after the request is lost, not "not sent" (T106)`, async t => {
    let fail = (): void => {}
    const target = await startRawTarget(t, () => fail())
    const agent = makeAgent(t, {
      connect: (_options, done) => {
        const socket = connect(Number(target.endpoint.port), '127.0.0.1', () => done(null, socket))
        fail = () => socket.destroy(Object.assign(new Error(code), { code }))
      },
    })
    t.same(await sendTo(t, target.endpoint, { agent }), lost('reset'))
  })
}

t.test('an orderly end before any answer (T106)', async t => {
  const target = await startRawTarget(t, socket => socket.end())
  t.same(await sendTo(t, target.endpoint), lost('reset'))
})

t.test('half an answer, by length and by chunks, and half a head (T107)', async t => {
  for (const [text, status] of [
    [`${JSON_HEAD}content-length: 100\r\n\r\n{"data":`, 200],
    [`${JSON_HEAD}transfer-encoding: chunked\r\n\r\n8\r\n{"data":\r\n`, 200],
    ['HTTP/1.1 200 OK\r\ncontent-ty', null],
  ] as const) {
    const target = await startRawTarget(t, socket => socket.end(text))
    t.same(await sendTo(t, target.endpoint), lost('reset', status), text)
  }
})

t.test('what is not HTTP is lost (T107)', async t => {
  for (const text of [
    'SSH-2.0-OpenSSH_9.6\r\n',
    'HTTP/1.1 200 OK\r\ncontent-length: abc\r\n\r\n',
    '\u0000\u0001\u0002'.repeat(50),
  ]) {
    const target = await startRawTarget(t, socket => socket.end(text))
    t.same(await sendTo(t, target.endpoint), lost('reset'), JSON.stringify(text.slice(0, 20)))
  }
})

t.test('what is not a GraphQL answer is lost (T104, T107)', async t => {
  const bodies = [
    '',
    'null',
    '[]',
    '"data"',
    '7',
    '{}',
    '<h1>ok</h1>',
    '{"data":',
    '{"data":null}',
    '{"data":null,"errors":[]}',
  ]
  for (const body of [
    ...bodies,
    '{"data":[]}',
    '{"data":"x"}',
    '[{"data":{}}]',
    '{"message":"ok"}',
    '{"errors":"bad"}',
  ]) {
    const target = await startTarget(t, { body })
    t.same(await sendTo(t, target.endpoint), lost('invalid_answer', 200), body)
  }
})

t.test('an answer above the cap is cut off, with and without a length (T109)', async t => {
  for (const head of ['content-length: 50000', 'connection: close']) {
    const target = await startRawTarget(t, socket => {
      socket.write(`${JSON_HEAD}${head}\r\n\r\n{"data":"`)
      socket.write('x'.repeat(49_991))
    })
    t.same(await sendTo(t, target.endpoint, { responseBytesMax: 10_000 }), lost('oversize', 200), head)
  }
})

t.test('an answer of exactly the cap is read', async t => {
  const target = await startTarget(t, { body: APPLIED })
  t.equal((await sendTo(t, target.endpoint, { responseBytesMax: APPLIED.length })).kind, 'answered')
  t.same(await sendTo(t, target.endpoint, { responseBytesMax: APPLIED.length - 1 }), lost('oversize', 200))
})

const COMPRESS = {
  gzip: gzipSync,
  'x-gzip': gzipSync,
  deflate: deflateSync,
  br: brotliCompressSync,
  zstd: zstdCompressSync,
}

/** Answers with bytes in a coding, asked for or not. */
function startCoded(t: Test, coding: string, bytes: Buffer): ReturnType<typeof startRawTarget> {
  return startRawTarget(t, socket => {
    socket.write(`${JSON_HEAD}content-encoding: ${coding}\r\ncontent-length: ${bytes.length}\r\n\r\n`)
    socket.write(bytes)
  })
}

t.test('an answer that was compressed unasked is read', async t => {
  for (const [coding, compress] of Object.entries(COMPRESS)) {
    const target = await startCoded(t, coding.toUpperCase(), compress(APPLIED))
    t.match(await sendTo(t, target.endpoint), { kind: 'answered', data: { save: { success: true } } }, coding)
  }
})

t.test('a compressed answer that is larger than the cap when it is inflated is cut off (T109)', async t => {
  for (const [coding, compress] of Object.entries(COMPRESS)) {
    const target = await startCoded(t, coding, compress(Buffer.alloc(50_000_000, 0x20)))
    t.same(await sendTo(t, target.endpoint), lost('oversize', 200), coding)
  }
  const exact = await startCoded(t, 'gzip', gzipSync(APPLIED.padEnd(1_000)))
  t.equal((await sendTo(t, exact.endpoint, { responseBytesMax: 1_000 })).kind, 'answered')
  t.same(await sendTo(t, exact.endpoint, { responseBytesMax: 999 }), lost('oversize', 200))
})

t.test('an answer without a body is what its status says, whatever coding it names', async t => {
  const target = await startTarget(t, { status: 401, headers: { 'content-encoding': 'gzip' }, body: '' })
  t.match(await sendTo(t, target.endpoint), { kind: 'answered', status: 401 })
})

t.test('an answer in a coding that is unknown, broken or cut off is lost', async t => {
  for (const [coding, bytes] of [
    ['x-unknown', gzipSync(APPLIED)],
    ['gzip, gzip', gzipSync(gzipSync(APPLIED))],
    ['gzip', Buffer.from(APPLIED)],
    ['gzip', gzipSync(APPLIED).subarray(0, -9)],
    ['br', Buffer.from([0xff, 0xff])],
  ] as const) {
    const target = await startCoded(t, coding, bytes)
    t.same(await sendTo(t, target.endpoint), lost('encoded', 200), coding)
  }
})

t.test('an answer that says it is as it is is read, in any case', async t => {
  for (const encoding of ['identity', 'Identity', '']) {
    const target = await startTarget(t, { headers: { 'content-encoding': encoding }, body: APPLIED })
    t.equal((await sendTo(t, target.endpoint)).kind, 'answered', encoding)
  }
})

t.test('one deadline holds for everything: silence, a slow head, a slow body (T106, T108)', async t => {
  for (const [start, status] of [
    ['', null],
    ['HTTP/1.1 200 OK\r\nx-slow: ', null],
    [`${JSON_HEAD}content-length: 100000\r\n\r\n`, 200],
  ] as const) {
    const drips: NodeJS.Timeout[] = []
    const target = await startRawTarget(t, socket => {
      if (start !== '') socket.write(start)
      if (start !== '') drips.push(setInterval(() => socket.write('1'), 10))
    })
    t.teardown(() => drips.forEach(clearInterval))
    t.same(await sendTo(t, target.endpoint, { deadlineMs: 150 }), lost('deadline', status), JSON.stringify(start))
  }
})

t.test('a connection that was given up is not used again', async t => {
  let answers = 0
  const target = await startRawTarget(t, socket => {
    answers++
    if (answers > 1) socket.write(`${JSON_HEAD}content-length: ${APPLIED.length}\r\n\r\n${APPLIED}`)
  })
  const agent = makeAgent(t, { connections: 1 })
  t.same(await sendTo(t, target.endpoint, { agent, deadlineMs: 50 }), lost('deadline'))
  t.equal((await sendTo(t, target.endpoint, { agent })).kind, 'answered')
  t.equal(target.connections(), 2)
})

t.test('answers of information before the answer are passed over', async t => {
  const early = 'HTTP/1.1 103 Early Hints\r\nlink: </a>; rel=preload\r\ncontent-encoding: gzip\r\n\r\n'
  const target = await startRawTarget(t, socket =>
    socket.write(`${early}${JSON_HEAD}content-length: ${APPLIED.length}\r\n\r\n${APPLIED}`),
  )
  t.match(await sendTo(t, target.endpoint), { kind: 'answered', status: 200 })
})

t.test('an agent that is gone cannot send', async t => {
  const agent = makeAgent(t)
  await agent.destroy()
  const target = await startTarget(t, { body: APPLIED })
  t.equal((await sendTo(t, target.endpoint, { agent })).kind, 'not_sent')
  t.equal(target.requests.length, 0)
})

t.test('a header that cannot be written is our own failure, not the network’s', async t => {
  const target = await startTarget(t, { body: APPLIED })
  const request = { agent: makeAgent(t), url: target.endpoint, body: '{}', deadlineMs: 500, responseBytesMax: 10 }
  t.match(await exchange({ ...request, headers: { 'bad name': 'x' } }), {
    kind: 'failed',
    started: false,
    cause: 'local',
  })
  t.match(await exchange({ ...request, headers: { a: 'x\ny' } }), { kind: 'failed', started: false, cause: 'local' })
  t.equal(target.requests.length, 0)
})

t.test('headers of an answer are read by their lower-case names, repeated ones joined', async t => {
  const target = await startRawTarget(t, socket =>
    socket.write('HTTP/1.1 200 OK\r\nRetry-After: 5\r\nretry-after: 10\r\nX-A: b\r\ncontent-length: 2\r\n\r\n{}'),
  )
  const request = { agent: makeAgent(t), url: target.endpoint, headers: {}, body: '{}' }
  const result = await exchange({ ...request, deadlineMs: 2_000, responseBytesMax: 100 })
  if (result.kind !== 'response') throw new Error(result.cause)
  t.match(result, { status: 200, body: '{}' })
  t.equal(result.headers.get('retry-after'), '5, 10')
  t.equal(result.headers.get('x-a'), 'b')
})
