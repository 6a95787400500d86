import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import t from 'tap'
import { listDocs, ROOT, readDoc, readTable } from './read-docs.ts'

t.test('every relative link of every document leads somewhere', async t => {
  let links = 0
  for (const path of listDocs()) {
    for (const [, target] of readDoc(path).matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^https?:/.test(target!)) continue
      links++
      const [file, heading] = target!.split('#')
      const to = file === '' ? join(ROOT, path) : join(ROOT, dirname(path), file!)
      t.ok(existsSync(to), `${path}: ${target}`)
      if (heading !== undefined) t.ok(anchorsOf(to).includes(heading), `${path}: ${target}`)
    }
  }
  t.ok(links > 150, `${links} links`)
})

function anchorsOf(file: string): string[] {
  return [...readFileSync(file, 'utf8').matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
    heading!
      .toLowerCase()
      .replace(/[^\w\s-]/g, '')
      .replaceAll(' ', '-'),
  )
}

/** One word per concept: the list the project was begun with. */
const WORDS = `source · scheme · secret · delivery · body · payload · signature · handshake · tolerance · idempotency key ·
event · event type · receipt · reconcile · fetched event · postback · mapping · trigger · word · span · match · map · operation · variables · action · step ·
integration · token · ledger · rotate · revoke · pause · set aside · circuit · target · job · order key · state · claim · lease · attempt · outcome · effect · echo ·
in doubt · held · settle · retry · backoff · dead letter · replay · rehearsal · redelivery · rejected delivery ·
audit entry · checkpoint · sealed secret · captured secret · alert · outbox · activity · trace · admin key · person · issuer · backup · epoch · worker · console`

t.test('the glossary has every word, once, and where it lives', async t => {
  const rows = readTable(readDoc('docs/glossary.md'), '# Glossary')
  t.strictSame(
    rows.map(([word]) => word),
    WORDS.split('·').map(word => word.trim()),
  )
  for (const [word, meaning, where] of rows)
    t.ok(where !== '' || meaning!.includes('Not in this release'), `${word} lives somewhere`)
})

t.test('every runtime dependency has a sentence, and is imported', async t => {
  const { dependencies } = JSON.parse(readDoc('package.json')) as { dependencies: Record<string, string> }
  const text = readDoc('docs/decisions/0009-runtime-dependencies.md')
  const sentences = new Map(
    [...text.matchAll(/^- `([^`]+)` ([\s\S]*?)(?=\n-|\n\n)/gm)].map(([, name, what]) => [name!, what!]),
  )
  t.strictSame([...sentences.keys()], Object.keys(dependencies).sort())
  const imports = readImports()
  for (const [name, sentence] of sentences) {
    t.ok(imports.has(name), `${name} is imported`)
    t.ok(/^[a-z].*\.$/s.test(sentence) && !/\.\s/.test(sentence), `${name}: one sentence`)
  }
})

t.test('every development dependency has its reason', async t => {
  const { devDependencies } = JSON.parse(readDoc('package.json')) as { devDependencies: Record<string, string> }
  const rows = readTable(readDoc('docs/decisions/0009-runtime-dependencies.md'), '## Development dependencies')
  t.strictSame(
    rows.map(([name]) => name),
    Object.keys(devDependencies)
      .sort()
      .map(name => `\`${name}\``),
  )
  for (const [name, reason] of rows) t.match(reason, /./, name!)
})

/** Packages that the sources import. */
function readImports(): Set<string> {
  const packages = new Set<string>()
  for (const folder of ['src', 'routes']) {
    for (const file of readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })) {
      if (!file.endsWith('.ts')) continue
      const text = readFileSync(join(ROOT, folder, file), 'utf8')
      for (const [, name] of text.matchAll(/(?:from|import) '((?:@[^/']+\/)?[^./'@][^/']*)(?:\/[^']*)?'/g))
        packages.add(name!)
    }
  }
  return packages
}
