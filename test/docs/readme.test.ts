import { type ChildProcess, spawn } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { bridgeJsonSchema } from '../../src/config/bridge-schema.ts'
import { SCHEME_KEYS } from '../../src/verify/definition-from-source.ts'
import { callCli } from '../fixtures/call-cli.ts'
import { waitFor } from '../fixtures/start-test-bridge.ts'
import { codesOf, ROOT, readBlocks, readDoc, readTable } from './read-docs.ts'

const text = readDoc('README.md')
const walk = readBlocks(text, 'walk')

interface Shell {
  child: ChildProcess
  out: () => string
  ended: Promise<number | null>
}

/** Runs lines in a shell of its own, as a terminal would; what it started ends with it. */
function runShell(t: Test, cwd: string, lines: string, env: Readonly<Record<string, string>> = {}): Shell {
  const child = spawn('bash', ['-ec', lines], {
    cwd,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, NO_COLOR: '1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    // a group, because npm and bash stand between us and the service
    detached: true,
  })
  let out = ''
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', chunk => (out += chunk))
  const ended = new Promise<number | null>(resolve => child.on('close', resolve))
  t.teardown(async () => {
    try {
      process.kill(-child.pid!, 'SIGKILL')
    } catch {}
    await ended
  })
  return { child, out: () => out, ended }
}

async function finish(shell: Shell): Promise<string> {
  const code = await shell.ended
  if (code !== 0) throw new Error(`exit code ${code}: ${shell.out()}`)
  return shell.out()
}

const catchOf = (shell: Shell, pattern: RegExp): Promise<string> =>
  waitFor(`${pattern}`, () => {
    if (shell.child.exitCode !== null) throw new Error(`it ended: ${shell.out()}`)
    return pattern.exec(shell.out())?.[1]
  })

/** A folder that looks like the clone, but is not it. */
function makeClone(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'bridge-walk-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  for (const name of ['src', 'routes', 'schema', 'node_modules']) symlinkSync(join(ROOT, name), join(folder, name))
  cpSync(join(ROOT, 'package.json'), join(folder, 'package.json'))
  mkdirSync(join(folder, 'data'))
  return folder
}

t.test('the walk leads from a curl to the published page, command by command', async t => {
  t.strictSame(
    [...walk.keys()],
    ['sandbox', 'files', 'check', 'start', 'shell', 'curl', 'state', 'send', 'look', 'ready', 'own', 'held'],
  )
  const clone = makeClone(t)
  const block = (name: string): string => walk.get(name)!

  // ports are taken as they are free: the text has fixed ones
  t.equal(block('sandbox'), 'npm run bridge -- sandbox')
  const sandbox = runShell(t, clone, `${block('sandbox')} --port 0`)
  const sandboxUrl = await catchOf(sandbox, /Pixelesq sandbox: (\S+)\/graphql/)
  const own = (lines: string, url = ''): string =>
    lines.replaceAll('http://127.0.0.1:4400', sandboxUrl).replaceAll('http://127.0.0.1:8787', url)

  const before = runShell(t, clone, [block('files'), block('check')].map(lines => own(lines)).join('\n'))
  const said = await finish(before)
  t.match(said, /^ok {2}1 sources, 1 mappings, \d+ operations$/m)
  t.match(said, /^match {2}publish-page {2}event type page\.publish$/m)

  const terminal = own([block('shell'), block('start')].join('\n'))
  const service = runShell(t, clone, terminal, { BRIDGE_PORT: '0' })
  const url = await catchOf(service, /"url":"(http[^"]+)"/)

  const run = (name: string): Promise<string> =>
    finish(
      runShell(t, clone, own(`${block('shell')}\n${block(name)}`, url), {
        BRIDGE_PORT: new URL(url).port,
        BRIDGE_URL: url,
      }),
    )
  t.not((await run('state')).trim(), answerAfter('state'), 'the page is not public yet')
  t.equal((await run('curl')).trim(), answerAfter('curl'))
  await waitFor('the page to be published', async () => (await run('state')).trim() === answerAfter('state'))
  t.equal((await run('send')).trim(), answerAfter('send'))
  t.equal((await run('ready')).trim(), answerAfter('ready'))
  const looked = await run('look')
  t.match(looked, /^evt_1_1 +\S+ +zapier +page\.publish +matched +1 succeeded$/m)
  t.match(looked, /^ {2}match {2}publish-page /m)
  t.match(looked, /^ {2}\S+Z {2}\S+ {2}publishPage {2}applied 200$/m)
  t.equal((await run('held')).trim(), answerAfter('held'))
  t.match(await run('own'), /^bridge\.json: written$/m)
  t.ok(existsSync(join(clone, 'data', 'site', '.env')))
  t.match(service.out(), /"operation":"publishPage","outcome":"applied"/)
})

/** What the text shows after a block of the walk. */
function answerAfter(name: string): string {
  const at = text.indexOf(`<!-- walk: ${name} -->`)
  return /```sh\n[\s\S]*?```[\s\S]*?```(?:json|text)\n([\s\S]*?)\n```/.exec(text.slice(at))![1]!
}

t.test('the configuration table has every key of bridge.json, with its default', async t => {
  const said = new Map<string, string>()
  for (const [cell, value] of readTable(text, '## Configuration')) {
    const codes = codesOf(cell!)
    const parent = codes[0]?.slice(0, codes[0].lastIndexOf('.')) ?? ''
    const defaults = codesOf(value!)
    for (const [n, code] of codes.entries())
      said.set(code.startsWith('.') ? parent + code : code, defaults[n] ?? defaults[0] ?? '')
  }
  const known = [...keysOf(bridgeJsonSchema() as Schema)].filter(([key]) => said.has(key) || !isSetting(key))
  for (const [key, standard] of known) {
    t.ok(said.has(key), key)
    if (standard !== undefined && typeof standard !== 'object')
      t.equal(said.get(key), String(standard), `${key}: default`)
  }
  for (const key of said.keys())
    t.ok(key === 'bridge.json' || known.some(([name]) => name === key) || key.endsWith('.'), key)
})

interface Schema {
  properties?: Record<string, Schema>
  additionalProperties?: Schema | false
  default?: unknown
}

/** Leaves of the schema by their place, `<name>` for what people name. */
function* keysOf({ properties = {} }: Schema, place = ''): Generator<[string, unknown]> {
  for (const [key, value] of Object.entries(properties)) {
    if (key.startsWith('$')) continue
    if (value.properties !== undefined) yield* keysOf(value, `${place}${key}.`)
    else if (place === '' && typeof value.additionalProperties === 'object' && value.additionalProperties.properties)
      yield* keysOf(value.additionalProperties, `${key}.<name>.`)
    else yield [`${place}${key}`, value.default]
  }
}

/** Settings of a scheme stand in docs/sources.md. */
function isSetting(key: string): boolean {
  return SCHEME_KEYS.some(name => key === `sources.<name>.${name}`) || key === 'sources.<name>.verifyToken'
}

t.test('the table of commands has every command with every option', async t => {
  const cwd = t.testdir({})
  const rows = readTable(text, '## Commands').map(([cell]) => codesOf(cell!)[0]!)
  const { out } = await callCli(t, ['--help'], { cwd })
  const commands = [...out.slice(out.indexOf('Commands:')).matchAll(/^ {2}(\w+)/gm)].map(([, name]) => name!)
  t.strictSame(
    [...new Set(rows.map(row => row.split(' ')[0]))],
    commands.filter(name => name !== 'help'),
  )
  for (const row of rows) {
    const [words] = /^[a-z]+( [a-z]+)*/.exec(row)!
    const help = await callCli(t, [...words.split(' '), '--help'], { cwd })
    const options = [...help.out.matchAll(/^ {2}(?:-\w, )?(--[\w-]+)/gm)].map(([, name]) => name!)
    t.strictSame((row.match(/--[\w-]+/g) ?? []).sort(), options.filter(name => name !== '--help').sort(), row)
  }
})

t.test('what the README says is run by npm is there', async t => {
  const { scripts } = JSON.parse(readDoc('package.json')) as { scripts: Record<string, string> }
  const named = readTable(text, '## Development').flatMap(([cell]) => codesOf(cell!))
  for (const name of named)
    t.ok(name.replace(/^npm (?:run )?/, '').replace(/ -- .*$/, '') in scripts || existsSync(join(ROOT, name)), name)
  t.ok('demo' in scripts && 'start' in scripts)
})
