import { createRequire } from 'node:module'
import type { MarkdownIt } from 'markdown-it'
import { fail, spend } from './evaluation-budget.ts'
import { MARKDOWN_UNITS_MAX } from './expression-limits.ts'
import { spendText } from './text-functions.ts'

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** Makes text safe inside HTML elements and quoted attributes. */
export function escapeHtml(text: string): string {
  spendText(text)
  spend(text.length / 256)
  return text.replace(/[&<>"']/g, character => ENTITIES[character] ?? character)
}

/** Elements whose content is not text for readers. */
const HIDDEN_CONTENT = /^(?:script|style|template|noscript|iframe|object|svg|math)$/

/** Elements that end a word: without the space `<p>a</p><p>b</p>` would read "ab". */
const BLOCK =
  /^(?:address|article|aside|blockquote|br|dd|div|dl|dt|figcaption|figure|footer|form|h[1-6]|header|hr|li|main|nav|ol|p|pre|section|table|td|th|tr|ul)$/

/**
 * Takes the tags out of HTML and leaves its text on one line, runs of white space as one space.
 * Comments and the content of script, style and the like go too; a tag that does not end takes the rest with it. What
 * is left is still safe as HTML: entities stay encoded and any other `<` becomes `&lt;`, so that no tag can appear by
 * removing another (`<<b>script>`). Linear in the text.
 */
export function stripHtml(text: string): string {
  spendText(text)
  spend(text.length / 256)
  return removeMarkup(text).replace(/\s+/g, ' ').trim()
}

function removeMarkup(text: string): string {
  const lowered = text.toLowerCase()
  let out = ''
  let at = 0
  while (at < text.length) {
    const open = text.indexOf('<', at)
    if (open === -1) return out + text.slice(at)
    out += text.slice(at, open)
    const end = endOfMarkup(lowered, open)
    if (end === -1) return out
    if (end === open) out += '&lt;'
    else if (BLOCK.test(readName(lowered, lowered.charAt(open + 1) === '/' ? open + 2 : open + 1))) out += ' '
    at = Math.max(end, open + 1)
  }
  return out
}

/** Index after the markup that starts at `open`; `open` itself where it is no markup; -1 where it never ends. */
function endOfMarkup(lowered: string, open: number): number {
  if (lowered.startsWith('<!--', open)) return after(lowered, '-->', open + 4)
  const name = /[a-z/!?]/.test(lowered.charAt(open + 1)) ? readName(lowered, open + 1) : null
  if (name === null) return open
  const end = after(lowered, '>', open + 1)
  if (end === -1 || !HIDDEN_CONTENT.test(name)) return end
  const close = lowered.indexOf(`</${name}`, end)
  return close === -1 ? -1 : after(lowered, '>', close)
}

function readName(lowered: string, start: number): string {
  let end = start
  // No hidden element has a longer name; the bound keeps a run of letters from being read again and again.
  while (end < start + 16 && /[a-z0-9]/.test(lowered.charAt(end))) end++
  return lowered.slice(start, end)
}

function after(text: string, needle: string, from: number): number {
  const found = text.indexOf(needle, from)
  return found === -1 ? -1 : found + needle.length
}

/**
 * markdown-it: raw HTML is shown as text (`html: false`), `javascript:`, `vbscript:`, `file:` and `data:` links are
 * refused, nesting is bounded, and it stays linear on hostile input where marked and micromark took 40 s for 80 KB of
 * `**a_` (measured). So only the tags CommonMark itself makes can come out.
 */
function makeRenderer(): MarkdownIt {
  // loaded where a mapping renders Markdown for the first time: 1 MB in each thread
  const markdownIt = createRequire(import.meta.url)('markdown-it') as typeof import('markdown-it').default
  const made = markdownIt('default', { html: false, linkify: false, typographer: false, maxNesting: 20 })
  const refuseLink = made.validateLink
  // markdown-it lets data:image/* through; a CMS field has no use for it and SVG can carry script.
  made.validateLink = url => refuseLink(url) && !/^\s*data:/i.test(url)
  return made
}

let renderer: MarkdownIt | null = null

/** Renders CommonMark (with tables and strikethrough) to safe HTML. Throws `too_large` beyond `MARKDOWN_UNITS_MAX`. */
export function markdown(text: string): string {
  if (text.length > MARKDOWN_UNITS_MAX) {
    fail('too_large', `markdown: the text is longer than ${MARKDOWN_UNITS_MAX} UTF-16 units`)
  }
  spend(1 + text.length)
  renderer ??= makeRenderer()
  return renderer.render(text)
}
