import type { FastifyInstance } from 'fastify'
import { apiRoutesOf } from '../../src/admin/api-routes.ts'
import { buildOpenApi } from '../../src/admin/openapi.ts'
import { noQuery } from '../../src/admin/questions.ts'
import { readRequest } from '../../src/admin/read-request.ts'

/** Version of the contract, not of the release. */
const API_VERSION = '1'

/** `GET /api/openapi.json`: every route below `/api`, from the schemas that validate it. */
export default async function openApiRoute(app: FastifyInstance): Promise<void> {
  const doc = { summary: 'This document', query: noQuery }
  let built: object | null = null
  app.get('/openapi.json', { config: { role: 'viewer', doc } }, async request => {
    readRequest(noQuery, request.query)
    built ??= buildOpenApi(apiRoutesOf(app.bridge), API_VERSION)
    return built
  })
}
