import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const ROOT = fileURLToPath(new URL('../../', import.meta.url))

/** The documents, by their path from the root. */
export function listDocs(): string[] {
  const below = readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter(file => file.endsWith('.md'))
    .map(file => `docs/${file}`)
  return ['README.md', 'mappings/README.md', ...below.sort()]
}

export function readDoc(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8')
}

/** Code blocks that a comment before them names (`<!-- walk: start -->`), by that name, in the order of the text. */
export function readBlocks(text: string, kind: string): Map<string, string> {
  const blocks = text.matchAll(new RegExp(`<!-- ${kind}: (\\S+) -->\n\`\`\`\\w+\n([\\s\\S]*?)\n\`\`\``, 'g'))
  return new Map([...blocks].map(([, name, code]) => [name!, code!]))
}

/** Rows of the first table after a heading, as cells; a `|` inside a cell is written `\|`. */
export function readTable(text: string, heading: string): string[][] {
  const start = `\n${text}`.indexOf(`\n${heading}\n`)
  if (start === -1) throw new Error(`no heading "${heading}"`)
  const lines = text.slice(start).split('\n')
  const first = lines.findIndex(line => line.startsWith('| ---'))
  const rows: string[][] = []
  for (let at = first + 1; lines[at]?.startsWith('|') === true; at++)
    rows.push(
      lines[at]!.slice(1, -1)
        .split(/(?<!\\)\|/)
        .map(cell => cell.trim().replaceAll('\\|', '|')),
    )
  return rows
}

/** What stands in backticks in a cell. */
export function codesOf(cell: string): string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, code]) => code!)
}
