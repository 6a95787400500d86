import { readdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { callCli } from '../fixtures/call-cli.ts'
import { runCli, startCli } from '../fixtures/run-cli.ts'

t.test('wrong usage is exit code 2, help is 0', async t => {
  const cwd = t.testdir({})
  for (const args of [
    [],
    ['nonsense'],
    ['start', '--nonsense'],
    ['try'],
    ['try', 'x'],
    ['send', 'x'],
    ['sandbox', '--port', 'x'],
    ['demo', '--once', '--port', '99999'],
  ]) {
    const { code, out, err } = await callCli(t, args, { cwd })
    t.equal(code, 2, args.join(' '))
    t.notMatch(out + err, /\n\s+at /, 'no stack')
    t.not(out + err, '')
  }
  t.equal((await runCli(t, ['nonsense'], { cwd })).code, 2, 'of the process itself')
  const help = await callCli(t, ['--help'], { cwd })
  t.equal(help.code, 0)
  for (const command of ['init', 'start', 'demo', 'sandbox', 'check', 'try', 'send'])
    t.match(help.out, new RegExp(`\\n {2}${command}\\b`))
})

t.test('--version says which release it is', async t => {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
  for (const flag of ['--version', '-V'])
    t.match(await callCli(t, [flag], { cwd: t.testdir({}) }), { code: 0, out: `${version}\n`, err: '' })
})

t.test('sandbox --schema-out writes the schema; a place that cannot be written is one line', async t => {
  const cwd = t.testdir({})
  const { code, out } = await callCli(t, ['sandbox', '--schema-out', 'out.graphql'], { cwd })
  t.strictSame([code, out], [0, 'out.graphql: written\n'])
  const shipped = new URL('../../src/pixelesq/schema.graphql', import.meta.url)
  t.equal(readFileSync(join(cwd, 'out.graphql'), 'utf8'), readFileSync(shipped, 'utf8'))
  const nowhere = await callCli(t, ['sandbox', '--schema-out', 'no/such/folder.graphql'], { cwd })
  t.equal(nowhere.code, 1)
  t.match(nowhere.err, /^ENOENT: [^\n]*\n$/)
})

t.test('sandbox serves until a signal ends it; a port that is taken is one line', async t => {
  const cwd = t.testdir({})
  const { says, child, ended } = startCli(t, ['sandbox', '--port', '0'], { cwd })
  const [, url] = await says(/Pixelesq sandbox: (\S+)\n.*\n.*\n.*\n.*state (\S+)/)
  const answer = await fetch(url!, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: 'Bearer sandbox-viewer-token-0001' },
    body: '{"query":"{ projects { results { id } } }"}',
  })
  t.equal(answer.status, 200)
  const taken = await runCli(t, ['sandbox', '--port', new URL(url!).port], { cwd })
  t.equal(taken.code, 1)
  t.match(taken.err, /^listen EADDRINUSE: [^\n]*\n$/)
  child.kill('SIGTERM')
  t.equal((await ended).code, 0)
})

t.test('demo --once shows the whole path and ends, also where the usual port is taken', async t => {
  const server = createServer()
  await new Promise<void>(resolve => {
    server.on('error', () => resolve())
    server.listen(8787, '127.0.0.1', resolve)
  })
  t.teardown(() => server.close())
  const cwd = t.testdir({ tmp: {} })
  const { code, out, err } = await runCli(t, ['demo', '--once'], { cwd, env: { TMPDIR: join(cwd, 'tmp') } })
  t.strictSame([code, err], [0, ''])
  t.match(out, /github {2}workflow_run\.completed {6}200 {2}recorded {2}evt_/)
  t.match(out, /github {2}the same delivery again {5}200 {2}duplicate/)
  t.match(out, /github {2}a body somebody changed {5}401 {2}unauthorized/)
  t.match(out, /stripe {2}product\.updated {13}200 {2}recorded/)
  t.match(out, /mapping publish-on-ci: succeeded\n/)
  t.match(out, /mapping product-to-entry: succeeded\n/)
  const page = /Page \/status {8}published revision (\S+) → (\S+)\n/.exec(out)
  t.ok(page !== null && page[1] !== page[2], 'the page was published')
  t.strictSame(readdirSync(join(cwd, 'tmp')), [], 'and leaves nothing behind')
  const entry = /price (\S+) → (\S+), published revision (\S+) → (\S+)\n/.exec(out)
  t.ok(entry !== null && entry[1] !== entry[2] && entry[3] !== entry[4], 'the entry was updated and published')
})

t.test('on a Node that is too old: one line, exit code 78, and nothing native was loaded', async t => {
  for (const version of ['20.19.4', '22.18.0', '18.0.0']) {
    const preload = `
      Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '${version}' } })
      process.dlopen = () => { console.log('loaded something native'); process.exit(1) }`
    const { code, out, err } = await runCli(t, ['start'], {
      cwd: t.testdir({}),
      node: ['--import', `data:text/javascript,${encodeURIComponent(preload)}`],
    })
    t.strictSame([code, out], [78, ''], version)
    t.match(
      err,
      new RegExp(
        `^pixelesq-bridge needs Node 22\\.19 or later, this is Node ${version.replaceAll('.', '\\.')}: [^\\n]+\\n$`,
      ),
    )
  }
})
