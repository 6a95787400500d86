import { sign } from '@octokit/webhooks-methods'
import t, { type Test } from 'tap'
import { SECRETS, SOURCES, startTestBridge, waitFor } from '../../fixtures/start-test-bridge.ts'
import { openSocket, type RawAnswer, readAnswers, type Talk, talkRaw } from '../../fixtures/talk-raw.ts'

/** threats.md D: what only a real socket shows. */

const bridge = await startTestBridge(t, {
  config: {
    sources: { ...SOURCES, small: { scheme: 'github', secrets: ['env:GITHUB_WEBHOOK_SECRET'], bodyBytes: 1_000 } },
    limits: { failedAuthPerMinute: 10_000 },
  },
})
const talk = (text: string | Buffer, options = {}) => talkRaw(bridge.url, text, options)

/** A request line, headers and body; `Host` and `Content-Length` only where they are among the headers. */
function request(line: string, headers: readonly string[], body = ''): string {
  return `${line}\r\n${headers.map(header => `${header}\r\n`).join('')}\r\n${body}`
}

async function signed(id: string, body: string): Promise<string[]> {
  return [
    'Host: bridge',
    'Content-Type: application/json',
    'X-GitHub-Event: push',
    `X-GitHub-Delivery: ${id}`,
    `X-Hub-Signature-256: ${await sign(SECRETS.GITHUB_WEBHOOK_SECRET, body)}`,
  ]
}

/** A whole authentic delivery as it travels. */
async function delivery(id: string, body: string): Promise<string> {
  return request('POST /hooks/github HTTP/1.1', [...(await signed(id, body)), `Content-Length: ${body.length}`], body)
}

function isConstant(t: Test, answer: RawAnswer | undefined, status: number, code: string): void {
  t.equal(answer?.status, status)
  t.match(JSON.parse(answer?.body ?? '{}'), { error: { code, message: String, requestId: String } })
  t.equal(answer?.headers['x-content-type-options'], 'nosniff')
  t.equal(answer?.headers['content-type'], 'application/json; charset=utf-8')
}

const POST = 'POST /hooks/github HTTP/1.1'
const TYPE = 'Content-Type: application/json'

t.test('T068 a message that can be read in two ways is refused and the connection ends', async t => {
  const cases: Record<string, string> = {
    'Content-Length and Transfer-Encoding': request(
      POST,
      ['Host: x', TYPE, 'Content-Length: 4', 'Transfer-Encoding: chunked'],
      '0\r\n\r\n',
    ),
    'two lengths': request(POST, ['Host: x', TYPE, 'Content-Length: 4', 'Content-Length: 5'], '{}   '),
    'the same length twice': request(POST, ['Host: x', TYPE, 'Content-Length: 2', 'Content-Length: 2'], '{}'),
    'a length list': request(POST, ['Host: x', TYPE, 'Content-Length: 2, 2'], '{}'),
    'a negative length': request(POST, ['Host: x', TYPE, 'Content-Length: -1'], '{}'),
    'an unknown transfer encoding': request(
      POST,
      ['Host: x', TYPE, 'Transfer-Encoding: xchunked'],
      '2\r\n{}\r\n0\r\n\r\n',
    ),
    'a folded header': request(POST, ['Host: x', 'X-A: b\r\n c', 'Content-Length: 2'], '{}'),
    'a space before the colon': request(POST, ['Host: x', 'Content-Length : 2'], '{}'),
    'NUL in a header': request(POST, ['Host: x', 'X-A: \0', 'Content-Length: 2'], '{}'),
    'a bare line feed': `${POST}\nHost: x\nContent-Length: 2\n\n{}`,
    'an unknown method': request('FOO /hooks/github HTTP/1.1', ['Host: x']),
    'a chunk size that is none': request(
      POST,
      ['Host: x', TYPE, 'Transfer-Encoding: chunked'],
      'zz\r\n{}\r\n0\r\n\r\n',
    ),
  }
  for (const [name, text] of Object.entries(cases)) {
    const { answers, closed } = await talk(text)
    t.ok(closed, name)
    t.equal(answers.length, 1, name)
    isConstant(t, answers[0], 400, 'bad_request')
  }
})

t.test('T069 no Host, two of them, or a target that names a host are refused', async t => {
  const cases: Record<string, string> = {
    'no Host': request(POST, [TYPE, 'Content-Length: 2'], '{}'),
    two: request(POST, ['Host: a', 'Host: b', TYPE, 'Content-Length: 2'], '{}'),
    'the same twice': request(POST, ['Host: a', 'HOST: a', TYPE, 'Content-Length: 2'], '{}'),
    'absolute form': request(
      'POST http://evil.example/hooks/github HTTP/1.1',
      ['Host: x', TYPE, 'Content-Length: 2'],
      '{}',
    ),
    'asterisk form': request('OPTIONS * HTTP/1.1', ['Host: x']),
  }
  for (const [name, text] of Object.entries(cases)) {
    const { answers, closed } = await talk(text)
    t.ok(closed, name)
    isConstant(t, answers[0], 400, 'bad_request')
  }
  const attacker = await talk((await delivery('host', '{"h":1}')).replace('Host: bridge', 'Host: evil.example'), {
    answers: 1,
  })
  t.equal(attacker.answers[0]?.status, 200, 'which host it names is nothing to us')
  t.notMatch(JSON.stringify(attacker.answers), 'evil')
})

t.test('T070 other protocols get an error, and nothing falls over', async t => {
  const cases: Record<string, string | Buffer> = {
    'HTTP/0.9': 'GET /hooks/github\r\n\r\n',
    'the HTTP/2 preface': 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    'a TLS hello': Buffer.from('16030100a5010000a10303', 'hex'),
  }
  for (const [name, bytes] of Object.entries(cases)) {
    const { answers, closed } = await talk(bytes)
    t.ok(closed, name)
    isConstant(t, answers[0], 400, 'bad_request')
  }
})

t.test('HTTP/1.0 is answered, with or without Host', async t => {
  const body = '{"v":"1.0"}'
  const headers = (await signed('http-1-0', body)).slice(1)
  const { answers, closed } = await talk(
    request('POST /hooks/github HTTP/1.0', [...headers, `Content-Length: ${body.length}`], body),
  )
  t.equal(answers[0]?.status, 200)
  t.equal(JSON.parse(answers[0]!.body).outcome, 'recorded')
  t.ok(closed)
})

t.test('T041 white space around an id is not part of it', async t => {
  const plain = await talk(await delivery('ows', '{"ows":1}'), { answers: 1 })
  const padded = await talk(
    (await delivery('ows', '{"ows":1}')).replace('X-GitHub-Delivery: ows', 'X-GitHub-Delivery: \t ows  '),
    { answers: 1 },
  )
  t.equal(JSON.parse(padded.answers[0]!.body).outcome, 'duplicate')
  t.equal(JSON.parse(padded.answers[0]!.body).eventId, JSON.parse(plain.answers[0]!.body).eventId)
})

t.test('a repeated signature header is refused', async t => {
  const [signature] = (await signed('twice', '{}')).slice(-1)
  const text = request(POST, [...(await signed('twice', '{}')), signature!, 'Content-Length: 2'], '{}')
  const { answers } = await talk(text, { answers: 1 })
  isConstant(t, answers[0], 401, 'unauthorized')
})

t.test('T063 a body over the limit is refused at the limit, and not read on', async t => {
  const body = 'a'.repeat(1_001)
  const withLength = await talk(
    request('POST /hooks/small HTTP/1.1', ['Host: x', TYPE, `Content-Length: ${body.length}`], body),
    { answers: 1 },
  )
  isConstant(t, withLength.answers[0], 413, 'body_too_large')

  const chunk = `fff\r\n${'a'.repeat(4_095)}\r\n`
  const socket = openSocket(bridge.url)
  socket.write(request('POST /hooks/small HTTP/1.1', ['Host: x', TYPE, 'Transfer-Encoding: chunked'], chunk))
  const { answers, closed } = await readAnswers(socket)
  t.ok(closed, 'although the sender never ended its body')
  isConstant(t, answers[0], 413, 'body_too_large')
  t.equal(answers[0]?.headers.connection, 'close')
})

t.test('T063 a sender that writes its whole body before it reads gets the refusal, and no reset', async t => {
  const refusals: readonly [string, number][] = [
    ['POST /hooks/small HTTP/1.1', 413],
    ['POST /hooks/zapier HTTP/1.1', 401],
    ['POST /hooks/nobody HTTP/1.1', 404],
    ['POST /nowhere HTTP/1.1', 404],
    ['PUT /hooks/github HTTP/1.1', 405],
  ]
  const body = Buffer.alloc(16_777_216, 'a')
  for (const [line, status] of refusals) {
    const length = line.includes('zapier') ? 1_000_000 : body.byteLength
    const socket = openSocket(bridge.url)
    const failure = await new Promise<Error | null | undefined>(resolve => {
      socket.once('error', resolve)
      socket.write(request(line, ['Host: x', TYPE, `Content-Length: ${length}`]))
      socket.write(body.subarray(0, length), resolve)
    })
    t.notOk(failure, `${line}: it could write all of it`)
    const { answers, closed } = await readAnswers(socket)
    t.strictSame([answers[0]?.status, answers[0]?.headers.connection, closed], [status, 'close', true], line)
  }
})

t.test('T064 a length of 10 GB is refused from the header alone', async t => {
  const { answers, closed } = await talk(request(POST, ['Host: x', TYPE, 'Content-Length: 10737418240'], '{'))
  t.ok(closed)
  isConstant(t, answers[0], 413, 'body_too_large')
})

t.test('nobody makes the bridge read a large body where nothing takes it', async t => {
  const headers = ['Host: x', TYPE, 'Content-Length: 100000000']
  const cases: readonly [string, number][] = [
    ['POST /nowhere HTTP/1.1', 404],
    ['POST /hooks/nobody HTTP/1.1', 404],
    ['POST /hooks/%ff HTTP/1.1', 404],
    ['DELETE /hooks/github HTTP/1.1', 405],
    ['POST /hooks/zapier HTTP/1.1', 413],
  ]
  for (const [line, status] of cases) {
    const { answers, closed } = await talk(request(line, headers, '{'))
    t.strictSame([answers[0]?.status, closed], [status, true], line)
  }
  const malformed = await talk(request('POST /nowhere HTTP/1.1', ['Host: x', TYPE, 'Content-Length: 2'], '{"'), {
    answers: 1,
  })
  isConstant(t, malformed.answers[0], 404, 'not_found')
})

t.test('T075 header blocks too long or of too many lines are 431', async t => {
  const many = Array.from({ length: 2_100 }, () => 'a:b')
  for (const [name, headers, code] of [
    ['2,100 short ones', many, 'headers_too_large'],
    ['150', many.slice(0, 150), 'headers_too_many'],
    ['101', many.slice(0, 101), 'headers_too_many'],
    ['20 kB', [`X-A: ${'b'.repeat(20_000)}`], 'headers_too_large'],
    ['100,000', Array.from({ length: 100_000 }, (_, i) => `a${i}: b`), 'headers_too_large'],
  ] as const) {
    const { answers, closed } = await talk(request(POST, ['Host: x', ...headers]))
    t.ok(closed, name)
    isConstant(t, answers[0], 431, code)
  }
  const { answers } = await talk(request(POST, ['Host: x', 'Connection: close', ...many.slice(0, 98)]))
  t.equal(answers[0]?.status, 401, '100 are taken')
})

t.test('T012 a signature in the trailer of a chunked body is none', async t => {
  const body = '{"trailer":1}'
  const [signature = '', ...others] = (await signed('trailer', body)).reverse()
  const send = (headers: readonly string[], trailer: string) => {
    const chunks = `${body.length.toString(16)}\r\n${body}\r\n0\r\n${trailer}\r\n`
    const announced = [...headers, 'Transfer-Encoding: chunked', 'Trailer: X-Hub-Signature-256']
    return talk(request(POST, announced, chunks), { answers: 1 })
  }
  isConstant(t, (await send(others, `${signature}\r\n`)).answers[0], 401, 'unauthorized')
  t.equal((await send([signature, ...others], '')).answers[0]?.status, 200, 'among the headers it is one')
})

t.test('T013 a signature behind more headers than Node hands on is not looked for', async t => {
  const [signature = '', ...others] = (await signed('behind', '{}')).reverse()
  for (const count of [100, 2_000, 2_100]) {
    const dummies = Array.from({ length: count }, () => 'a:b')
    const { answers, closed } = await talk(request(POST, [...others, 'Content-Length: 2', ...dummies, signature], '{}'))
    t.strictSame([answers.length, answers[0]?.status, closed], [1, 431, true], `${count}`)
  }
  t.equal(bridge.rows('select seq from event where idempotency_key = ?', 'behind').length, 0)
})

t.test('T076 pipelined deliveries are answered in their order', async t => {
  const ids = Array.from({ length: 50 }, (_, i) => `pipe-${i}`)
  const requests = await Promise.all(ids.map((id, i) => delivery(id, `{"pipe":${i}}`)))
  const { answers } = await talk(requests.join(''), { answers: ids.length })
  t.strictSame([...new Set(answers.map(({ status }) => status))], [200])
  const keys = answers.map(answer => {
    const id = JSON.parse(answer.body).eventId as string
    return bridge.bridge.store.readEvent(id).then(detail => detail?.event.key)
  })
  t.strictSame(await Promise.all(keys), ids)
})

t.test('a request that follows a refused one on the same connection is its own', async t => {
  const body = '{"after":1}'
  const refused = request(POST, ['Host: x', TYPE, 'Content-Length: 2'], '{}')
  const { answers } = await talk(refused + (await delivery('after', body)), { answers: 2 })
  t.strictSame(
    answers.map(({ status }) => status),
    [401, 200],
  )
})

t.test('T077 Expect: 100-continue is answered 100 and then as usual, another expectation 417', async t => {
  const body = '{"expect":1}'
  const socket = openSocket(bridge.url)
  socket.write(
    request(POST, [...(await signed('expect', body)), `Content-Length: ${body.length}`, 'Expect: 100-continue']),
  )
  const first = await readAnswers(socket, { answers: 1 })
  t.equal(first.answers[0]?.status, 100)
  socket.write(body)
  const second = await readAnswers(socket, { answers: 1 })
  t.equal(second.answers[0]?.status, 200)
  socket.destroy()
  const other = await talk(request(POST, ['Host: x', TYPE, 'Content-Length: 2', 'Expect: tea'], '{}'), { answers: 1 })
  isConstant(t, other.answers[0], 417, 'expectation_failed')
})

t.test('T078 nothing is upgraded', async t => {
  const body = '{"upgrade":1}'
  const headers = [...(await signed('upgrade', body)), `Content-Length: ${body.length}`]
  for (const upgrade of ['h2c', 'websocket']) {
    const { answers } = await talk(request(POST, [...headers, 'Connection: Upgrade', `Upgrade: ${upgrade}`], body), {
      answers: 1,
    })
    t.equal(answers[0]?.status, 200, upgrade)
  }
})

t.test('chunked bodies are taken as they were, trailers and extensions ignored', async t => {
  const body = '{"chunked":true}'
  const chunks = `4;x=y\r\n${body.slice(0, 4)}\r\n${(body.length - 4).toString(16)}\r\n${body.slice(4)}\r\n0\r\nX-Hub-Signature-256: sha256=00\r\n\r\n`
  const { answers } = await talk(
    request(POST, [...(await signed('chunked', body)), 'Transfer-Encoding: chunked'], chunks),
    { answers: 1 },
  )
  t.equal(answers[0]?.status, 200)
  const detail = await bridge.bridge.store.readEvent(JSON.parse(answers[0]!.body).eventId)
  t.equal(Buffer.from(detail!.event.body.bytes).toString(), body)
})

t.test('T081 a sender that leaves before the answer has its delivery all the same, once', async t => {
  const body = '{"left":1}'
  const socket = openSocket(bridge.url)
  socket.end(await delivery('left', body))
  socket.on('connect', () => setImmediate(() => socket.destroy()))
  const seqs = await waitFor('the event', () => {
    const rows = bridge.rows('select seq from event where idempotency_key = ?', 'left')
    return rows.length > 0 ? rows : null
  })
  t.equal(seqs.length, 1)
  const again = await talk(await delivery('left', body), { answers: 1 })
  t.equal(JSON.parse(again.answers[0]!.body).outcome, 'duplicate')
})

t.test('a sender that leaves in the middle of its body leaves nothing behind, and no error', async t => {
  const before = bridge.log().length
  const socket = openSocket(bridge.url)
  socket.write(request(POST, [...(await signed('half', '{"half":1}')), 'Content-Length: 10'], '{"ha'))
  await new Promise(resolve => setTimeout(resolve, 50))
  socket.destroy()
  await talk(await delivery('half-after', '{"half":2}'), { answers: 1 })
  t.equal(bridge.rows('select seq from event where idempotency_key = ?', 'half').length, 0)
  t.strictSame(
    bridge
      .log()
      .slice(before)
      .filter(line => line.level === 'error'),
    [],
  )
})

t.test('T083 line breaks in what comes never reach a header of an answer', async t => {
  const text = request(
    'POST /hooks/x%0d%0aset-cookie:%20a HTTP/1.1',
    ['Host: x', 'X-Request-Id: a%0d%0ab: c', TYPE, 'Content-Length: 2'],
    '{}',
  )
  const { answers } = await talk(text, { answers: 1 })
  t.equal(answers[0]?.status, 404)
  t.notMatch(JSON.stringify(answers), 'cookie')
  t.match(JSON.parse(answers[0]!.body).error.requestId, /^req-[0-9a-z]+$/, 'ids are ours alone')
})

t.test('T071 T072 T073 T074 the server gives up on what is slow', async t => {
  const server = bridge.app.server as typeof bridge.app.server & { connectionsCheckingInterval: number }
  t.equal(server.headersTimeout, 10_000)
  t.equal(server.requestTimeout, 30_000)
  t.equal(server.keepAliveTimeout, 72_000)
  t.equal(server.timeout, 35_000, 'a silent connection: later than a request, which is told 408')
  t.equal(server.connectionsCheckingInterval, 1_000, 'with 30 s, the default, 10 s could become 40')
})

t.test('T072 T073 five hundred senders that drip are ended, and the others are served meanwhile', async t => {
  const slow = await startTestBridge(t)
  const { server } = slow.app
  // the times of the service are stated above; here the same is done in less
  server.headersTimeout = 1_000
  server.requestTimeout = 2_000
  const partial = {
    headers: 'POST /hooks/github HTTP/1.1\r\nHost: x\r\nX-Slow: ',
    body: request(POST, [...(await signed('slow', '{}')), 'Content-Length: 1000'], '{'),
  }
  const ended: Promise<Talk>[] = []
  for (const text of [partial.headers, partial.body]) {
    for (let n = 0; n < 250; n++) {
      const socket = openSocket(slow.url)
      socket.write(text)
      const drip = setInterval(() => socket.write(' '), 300)
      socket.on('close', () => clearInterval(drip))
      ended.push(readAnswers(socket))
    }
  }
  let isOver = false
  const all = Promise.all(ended).finally(() => {
    isOver = true
  })
  let served = 0
  do {
    served++
    const { answers } = await talkRaw(slow.url, await delivery(`meanwhile-${served}`, '{}'), { answers: 1 })
    if (answers[0]?.status !== 200) t.fail(`delivery ${served}: ${answers[0]?.status}`)
    await new Promise(resolve => setTimeout(resolve, 20))
  } while (!isOver)
  const talks = await all
  t.equal(talks.filter(({ closed }) => closed).length, 500, 'each is ended')
  t.strictSame(
    talks.flatMap(({ answers }) => answers).filter(({ status }) => status !== 408),
    [],
    'with 408 or with nothing',
  )
  t.ok(served > 5, `${served} were served meanwhile`)
  t.equal(slow.rows('select seq from event where idempotency_key = ?', 'slow').length, 0)
})

t.test('T122 senders that drip are cut off when the service ends, and do not keep it', async t => {
  const ending = await startTestBridge(t)
  ending.app.server.headersTimeout = 500
  const ended = [
    'POST /hooks/github HTTP/1.1\r\nHost: x\r\nX-Slow: ',
    request(POST, [...(await signed('ending', '{}')), 'Content-Length: 1000'], '{'),
  ].map(text => {
    const socket = openSocket(ending.url)
    socket.write(text)
    const drip = setInterval(() => socket.write(' '), 50)
    socket.on('close', () => clearInterval(drip))
    t.teardown(() => socket.destroy())
    return readAnswers(socket)
  })
  await waitFor('both to be connected', async () => {
    const count = await new Promise<number>(resolve => ending.app.server.getConnections((_, open) => resolve(open)))
    return count === 2 ? true : null
  })
  const stopped = ending.stop().then(() => 'stopped')
  const late = new Promise(resolve => setTimeout(resolve, 8_000, 'still open').unref())
  t.equal(await Promise.race([stopped, late]), 'stopped')
  t.strictSame(
    (await Promise.all(ended)).map(({ closed }) => closed),
    [true, true],
  )
})
