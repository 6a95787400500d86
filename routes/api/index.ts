import type { FastifyInstance } from 'fastify'
import { apiRoutesOf } from '../../src/admin/api-routes.ts'
import { buildOpenApi } from '../../src/admin/openapi.ts'
import { noQuery } from '../../src/admin/question-parts.ts'
import { readRequest } from '../../src/admin/read-request.ts'
import { DOCS_PAGE_POLICY, type DocumentShown, writeDocsPage } from '../../src/admin/write-docs-page.ts'

/** Version of the contract, not of the release. */
const API_VERSION = '1'

/** `GET /api/openapi.json` and `/api/docs`: every route below `/api`, from the schemas that validate it. */
export default async function openApiRoute(app: FastifyInstance): Promise<void> {
  const doc = { summary: 'This document', query: noQuery }
  let built: DocumentShown | null = null
  app.get('/openapi.json', { config: { role: 'viewer', doc } }, async request => {
    readRequest(noQuery, request.query)
    return build()
  })

  const pageDoc = { summary: 'This document as a page for people', query: noQuery, answerType: 'text/html' }
  app.get('/docs', { config: { role: 'viewer', doc: pageDoc } }, async (request, reply) => {
    readRequest(noQuery, request.query)
    return reply
      .type('text/html; charset=utf-8')
      .header('content-security-policy', DOCS_PAGE_POLICY)
      .header('referrer-policy', 'no-referrer')
      .send(writeDocsPage(build()))
  })

  function build(): DocumentShown {
    built ??= buildOpenApi(apiRoutesOf(app.bridge), API_VERSION) as DocumentShown
    return built
  }
}
