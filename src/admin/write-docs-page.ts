import { hash } from 'node:crypto'
import { escapeHtml } from '../mapping/expression/html-functions.ts'

/** The part of an OpenAPI document that the page shows. */
export interface DocumentShown {
  info: { title: string; version: string; description: string }
  paths: Record<string, Record<string, RouteShown>>
}
interface RouteShown {
  summary: string
  'x-role': string
  parameters: { name: string; in: string; required: boolean; description?: string; schema: unknown }[]
  requestBody?: { content: Record<string, { schema: unknown }> }
  responses: Record<string, { description: string; content: Record<string, { schema: unknown }> }>
}

const STYLE = `body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1b1b1b;background:#fff}
code,pre{font:13px/1.45 ui-monospace,monospace}pre{overflow:auto;background:#f4f4f4;padding:.75rem;margin:.25rem 0}
section{border-top:1px solid #ddd;padding:.5rem 0}h2{font-size:1rem;margin:.5rem 0}summary{cursor:pointer}
table{border-collapse:collapse}td,th{text-align:left;vertical-align:top;padding:.15rem .75rem .15rem 0}
@media(prefers-color-scheme:dark){body{color:#e8e8e8;background:#161616}pre{background:#222}section{border-color:#333}}`

/** What a browser may do with the page: show it, with its own style, and nothing else. */
export const DOCS_PAGE_POLICY = `default-src 'none'; style-src 'sha256-${hash('sha256', STYLE, 'base64')}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`

/** Writes an OpenAPI document as one page for people: no scripts, nothing that is loaded from elsewhere. Pure. */
export function writeDocsPage({ info, paths }: DocumentShown): string {
  const routes = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, route]) => ({ name: `${method.toUpperCase()} ${path}`, route })),
  )
  const list = routes.map(({ name, route }) => {
    const id = idOf(name)
    return `<li><a href="#${id}"><code>${escapeHtml(name)}</code></a> ${escapeHtml(route.summary)}</li>`
  })
  const title = `${escapeHtml(info.title)} API ${escapeHtml(info.version)}`
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${title}</title>
<style>${STYLE}</style></head><body>
<h1>${title}</h1>
<p>${escapeHtml(info.description)} The same as data: <code>/api/openapi.json</code>.</p>
<ul>${list.join('\n')}</ul>
${routes.map(({ name, route }) => writeRoute(name, route)).join('\n')}
</body></html>
`
}

function writeRoute(name: string, route: RouteShown): string {
  const { summary, parameters, requestBody, responses } = route
  const rows = parameters.map(
    ({ name, in: place, required, description }) =>
      `<tr><td><code>${escapeHtml(name)}</code></td><td>${place}${required ? ', required' : ''}</td><td>${escapeHtml(description ?? '')}</td></tr>`,
  )
  const parts = [
    `<section id="${idOf(name)}"><h2><code>${escapeHtml(name)}</code></h2>`,
    `<p>${escapeHtml(summary)}. Role: ${escapeHtml(route['x-role'])}.</p>`,
    rows.length === 0 ? '' : `<table>${rows.join('')}</table>`,
    ...Object.values(requestBody?.content ?? {}).map(({ schema }) => writeSchema('Body', schema)),
    ...Object.entries(responses).map(([status, { description, content }]) => {
      const head = `${status}: ${description.replaceAll('`', '')}`
      return status === 'default'
        ? `<p>${escapeHtml(head)}</p>`
        : Object.entries(content)
            .map(([type, { schema }]) => writeSchema(`${head}, ${type}`, schema))
            .join('')
    }),
    '</section>',
  ]
  return parts.filter(part => part !== '').join('\n')
}

function writeSchema(head: string, schema: unknown): string {
  return `<details><summary>${escapeHtml(head)}</summary><pre>${escapeHtml(JSON.stringify(schema, null, 2))}</pre></details>`
}

function idOf(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]+/g, '-')
}
