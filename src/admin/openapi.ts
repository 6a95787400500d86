import { z } from 'zod'
import { errorAnswer } from './answer-parts.ts'
import type { ApiRoute } from './api-routes.ts'

/** Answers of every route beside its own. */
const EVERY_ROUTE = [
  'unauthorized',
  'forbidden',
  'invalid_request',
  'too_many_failures',
  'too_many_requests',
  'keys_unavailable',
  'store_unavailable',
]

/** Builds the OpenAPI 3.1 document of `/api` from the schemas that validate it. */
export function buildOpenApi(routes: readonly ApiRoute[], version: string): object {
  const paths: Record<string, Record<string, object>> = {}
  for (const route of routes) {
    const path = route.url.replace(/:(\w+)/g, '{$1}')
    const methods = paths[path] ?? {}
    paths[path] = methods
    methods[route.method.toLowerCase()] = describeRoute(route)
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Pixelesq Bridge',
      version,
      description: 'What came in, what was made of it, and what a person may do about it.',
    },
    security: [{ adminKey: [] }, { personToken: [] }],
    components: {
      securitySchemes: {
        adminKey: { type: 'http', scheme: 'bearer', description: 'An admin key: admin.keys' },
        personToken: {
          type: 'http',
          scheme: 'bearer',
          bearerFormat: 'JWT',
          description: 'A token that the issuer in admin.oidc gave to a person; only where one is configured',
        },
      },
      schemas: { Error: toJson(errorAnswer, 'output') },
    },
    paths,
  }
}

function describeRoute({ method, url, role, doc }: ApiRoute): object {
  const { summary, query, body, answer, answerType = 'application/json', errors = [] } = doc
  const codes = [...EVERY_ROUTE, ...errors].map(code => `\`${code}\``).join(', ')
  return {
    summary,
    operationId: `${method.toLowerCase()}${url
      .replace(/^\/api/, '')
      .replace(/[/:.]+(\w)/g, (_, letter: string) => letter.toUpperCase())}`,
    'x-role': role,
    description: `Role: ${role}.`,
    parameters: [...pathParameters(url), ...(query === undefined ? [] : queryParameters(query))],
    ...(body !== undefined && { requestBody: { content: { 'application/json': { schema: toJson(body, 'input') } } } }),
    responses: {
      200: {
        description: 'Done',
        content: { [answerType]: { schema: answer === undefined ? {} : toJson(answer, 'output') } },
      },
      default: {
        description: `Refused, with one of the codes ${codes}`,
        content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } },
      },
    },
  }
}

function pathParameters(url: string): object[] {
  return [...url.matchAll(/:(\w+)/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }))
}

function queryParameters(query: z.ZodObject): object[] {
  const { properties = {}, required = [] } = toJson(query, 'input') as {
    properties?: Record<string, { description?: string }>
    required?: string[]
  }
  return Object.entries(properties).map(([name, { description, ...schema }]) => ({
    name,
    in: 'query',
    required: required.includes(name),
    ...(description !== undefined && { description }),
    schema,
  }))
}

function toJson(schema: z.ZodType, io: 'input' | 'output'): object {
  const { $schema: _, ...json } = z.toJSONSchema(schema, { io, unrepresentable: 'any' }) as Record<string, unknown>
  return json
}
