import { readFileSync, rmSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import t from 'tap'
import { findEventSchema } from '../../../src/mapping/typecheck/find-event-schema.ts'

/** A folder in which the package is installed as npm does it. */
function installed(schema: string) {
  const manifest = { name: '@octokit/webhooks-schemas', version: '7.6.1', main: 'schema.json' }
  return {
    node_modules: {
      '@octokit': { 'webhooks-schemas': { 'package.json': JSON.stringify(manifest), 'schema.json': schema } },
    },
  }
}

t.test('the package is found from the first folder that has it, or one above', t => {
  const folder = t.testdir({
    a: { mappings: {}, ...installed('{"a":1}') },
    b: { mappings: {}, ...installed('{"b":1}') },
    none: {},
  })
  const find = (...folders: string[]) =>
    findEventSchema(
      'github',
      folders.map(path => join(folder, path)),
    )?.read()
  t.equal(find('a/mappings'), '{"a":1}')
  t.equal(find('b/mappings', 'a'), '{"b":1}')
  t.equal(find('none', 'a'), '{"a":1}')
  t.equal(find('not there', 'b'), '{"b":1}')
  t.end()
})

t.test('other senders have no package, whatever their name', t => {
  const folder = t.testdir(installed('{}'))
  for (const preset of ['stripe', '', 'constructor', '__proto__', '../github'])
    t.equal(findEventSchema(preset, [folder]), null, preset)
  t.end()
})

t.test('its key changes with the file, and it is none when it is gone or no JSON file', t => {
  const folder = t.testdir({
    x: installed('{}'),
    code: { node_modules: { '@octokit': { 'webhooks-schemas': { 'index.js': 'throw 1' } } } },
  })
  const before = findEventSchema('github', [join(folder, 'x')])!
  const path = join(folder, 'x/node_modules/@octokit/webhooks-schemas')
  t.equal(findEventSchema('github', [join(folder, 'x')])?.key, before.key)
  rmSync(path, { recursive: true })
  t.not(findEventSchema('github', [join(folder, 'x')])?.key, before.key)
  t.equal(before.read(), null, 'gone since')
  t.not(findEventSchema('github', [join(folder, 'code')])?.key.includes(folder), true, 'code is not loaded')
  t.end()
})

t.test('the judging thread loads nothing of the type check', t => {
  const root = join(import.meta.dirname, '../../../src')
  const loaded = new Set<string>()
  const follow = (file: string): void => {
    if (loaded.has(file)) return
    loaded.add(file)
    for (const [, path] of readFileSync(file, 'utf8').matchAll(
      /^(?:import|export) (?!type )[^;'"]*?from '(\.[^']+\.ts)'/gm,
    ))
      follow(join(dirname(file), path!))
  }
  follow(join(root, 'route/judge-thread.ts'))
  const names = [...loaded].map(file => relative(root, file))
  t.ok(names.includes('mapping/compile-trigger.ts') && names.length > 20, String(names.length))
  t.strictSame(
    names.filter(name => name.startsWith('mapping/typecheck/')),
    [],
  )
  t.end()
})
