import type { z } from 'zod'
import type { AdminRole } from '../config/read-admin.ts'

/** What a route of `/api` says of itself: it is validated and documented by the same schemas. */
export interface RouteDoc {
  summary: string
  query?: z.ZodObject
  body?: z.ZodObject
  /** JSON of the answer; left out where `answerType` says what comes instead. */
  answer?: z.ZodType
  answerType?: string
  /** Codes of errors beside those of every route. */
  errors?: readonly string[]
}
export interface ApiRoute {
  method: string
  /** As fastify has it: `/api/jobs/:id`. */
  url: string
  role: AdminRole
  doc: RouteDoc
}

/** The routes of each application, by what its routes have in common. */
const registered = new WeakMap<object, ApiRoute[]>()

/** The routes of `/api` of one application, as far as they are registered. */
export function apiRoutesOf(owner: object): ApiRoute[] {
  const routes = registered.get(owner) ?? []
  registered.set(owner, routes)
  return routes
}
