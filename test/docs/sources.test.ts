import t from 'tap'
import { loadConfig } from '../../src/config/load-config.ts'
import { GENERIC_KINDS } from '../../src/verify/generic-preset.ts'
import { hmacSettings } from '../../src/verify/hmac-settings.ts'
import { listPresets, loadPreset } from '../../src/verify/preset.ts'
import { codesOf, readDoc, readTable } from './read-docs.ts'

const text = readDoc('docs/sources.md')
const readme = readDoc('README.md')
const plain = (text: string): string => text.replaceAll('`', '').replace(/\s+/g, ' ')

t.test('every preset is named, with what it binds and how it is set up', async t => {
  const rows = readTable(text, '## Presets')
  t.strictSame(rows.flatMap(([name]) => codesOf(name!)).sort(), listPresets())
  for (const [cell, , , bound, type, key] of rows) {
    const preset = loadPreset(cell!.replaceAll('`', ''))!
    t.equal(bound, preset.bindsBody ? 'yes' : 'no', `${preset.name} binds the body`)
    t.equal(type === 'from the URL', preset.eventType === null, `${preset.name}: its event type`)
    t.equal(key!.startsWith('none'), preset.idempotencyKey === null, `${preset.name}: its key`)
    for (const sentence of preset.setup.split('. '))
      t.ok(plain(text).toLowerCase().includes(plain(sentence).toLowerCase()), `${preset.name}: ${sentence}`)
    t.ok(readme.includes(`\`${preset.name}\``), `${preset.name} in the README`)
  }
})

t.test('every kind and every setting of hmac is named', async t => {
  t.strictSame(
    readTable(text, '## Kinds').flatMap(([name]) => codesOf(name!)),
    GENERIC_KINDS,
  )
  for (const kind of GENERIC_KINDS) t.ok(readme.includes(`\`${kind}\``), `${kind} in the README`)
  const settings = readTable(text, 'Settings of `hmac`:')
  t.strictSame(settings.flatMap(([name]) => codesOf(name!)).sort(), Object.keys(hmacSettings.shape).sort())
  const defaults = hmacSettings.parse({ header: 'x' }) as Record<string, unknown>
  for (const [name, said] of settings) {
    const actual = defaults[codesOf(name!)[0]!]
    if (typeof actual === 'string' && actual !== '' && actual !== 'x') t.equal(said, `\`${actual}\``, name!)
  }
})

t.test('the example of a sender without a preset is sound', async t => {
  const [, example] = /```json\n("acme"[\s\S]*?)\n```/.exec(text)!
  const cwd = t.testdir({ 'bridge.json': `{ "sources": { ${example} } }`, mappings: {} })
  const loaded = loadConfig({ cwd, env: { ACME_SECRET: 'a-secret-of-24-characters' } })
  t.ok(loaded.ok, loaded.ok ? '' : JSON.stringify(loaded.problems))
})
