import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { fetchKeys } from '../../src/source/fetch-keys.ts'
import { openKeySet } from '../../src/source/open-key-set.ts'

async function serve(t: Test, listener: RequestListener): Promise<{ url: string; asked: () => number }> {
  let asked = 0
  const server = createServer((request, response) => {
    asked++
    listener(request, response)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`, asked: () => asked }
}

t.test('the text of a key set is fetched', async t => {
  const { url } = await serve(t, (_, response) => response.end('{"keys":[]}'))
  t.equal(await fetchKeys(url), '{"keys":[]}')
})

t.test('any other status, and a redirect, is a failure', async t => {
  const elsewhere = await serve(t, (_, response) => response.end('{"keys":[]}'))
  for (const status of [201, 204, 301, 302, 307, 404, 500, 503]) {
    const { url } = await serve(t, (_, response) => {
      response.writeHead(status, { location: elsewhere.url })
      response.end(status === 204 ? undefined : '{"keys":[]}')
    })
    await t.rejects(fetchKeys(url), String(status))
  }
  t.equal(elsewhere.asked(), 0, 'nothing is followed')
})

t.test('T034 a huge answer is given up on, told in advance or not', async t => {
  const told = await serve(t, (_, response) => response.end(Buffer.alloc(300_000, 0x20)))
  await t.rejects(fetchKeys(told.url), /more than 262144 bytes/)
  let sent = 0
  const endless = await serve(t, (_, response) => {
    const piece = Buffer.alloc(65_536, 0x20)
    const more = (): void => {
      while (!response.destroyed && response.write(piece)) sent += piece.length
    }
    response.on('drain', more)
    more()
  })
  await t.rejects(fetchKeys(endless.url), /more than 262144 bytes/)
  t.ok(sent < 50_000_000, `${sent} bytes were sent`)
})

t.test('what is no text is a failure, and so is a connection that breaks', async t => {
  const bytes = await serve(t, (_, response) => response.end(Buffer.from([0xff, 0xfe])))
  await t.rejects(fetchKeys(bytes.url), /not UTF-8/)
  const broken = await serve(t, (request, response) => {
    response.writeHead(200, { 'content-length': 100 })
    response.write('{"keys"')
    setImmediate(() => request.socket.destroy())
  })
  await t.rejects(fetchKeys(broken.url))
  await t.rejects(fetchKeys('http://127.0.0.1:1/keys'))
})

t.test('T034 a server that never answers, or never ends, is waited for 5 s', async t => {
  const silent = await serve(t, () => {})
  const slow = await serve(t, (_, response) => void response.write('{"keys":'))
  const both = [fetchKeys(silent.url), fetchKeys(slow.url)]
  for (const result of await Promise.allSettled(both)) t.equal(result.status, 'rejected')
})

t.test('sources with the same URL share one set', async t => {
  t.equal(openKeySet('http://127.0.0.1:9/a'), openKeySet('http://127.0.0.1:9/a'))
  t.not(openKeySet('http://127.0.0.1:9/a'), openKeySet('http://127.0.0.1:9/b'))
})
