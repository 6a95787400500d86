import { readFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import Fastify, { type FastifyInstance } from 'fastify'
import mercurius from 'mercurius'
import { ZodError, z } from 'zod'
import { describeProblem, limitsSchema, registerControlRoutes } from './control-routes.ts'
import { DOCUMENT_TOKENS_MAX } from './describe-operation.ts'
import { createFaultQueue, type FaultInput } from './faults.ts'
import { registerGraphqlRoute } from './graphql-route.ts'
import { createLedger, type LedgerPage } from './ledger.ts'
import type { Model } from './model.ts'
import { createRateLimiter, type RateLimitSettings } from './rate-limit.ts'
import { type ResolverContext, resolvers } from './resolvers.ts'
import { reportState, type SandboxState, type StateReport } from './sandbox-state.ts'
import { type SeedName, seedModel } from './seed.ts'
import { createTokenBook, DEMO_TOKENS, type TokenChange, type TokenInput } from './token-book.ts'

/** Longest request body taken. */
const BODY_BYTES_MAX = 8 * 1024 * 1024

export interface SandboxOptions {
  /** 0, the default, takes a free port. */
  port?: number
  host?: string
  seed?: SeedName
  rateLimit?: RateLimitSettings
  /** How 401, 403 and 429 arrive: as HTTP status, or as HTTP 200 with `errors[].extensions.code`. Pixelesq does not say. */
  errorsAs?: 'http' | 'graphql'
  /** Instead of the three demo tokens. */
  tokens?: readonly TokenInput[]
  /** Appends one line of JSON per applied effect, before the answer leaves; survives the process, not a power cut. */
  ledgerFile?: string
  /** What `search` of entries looks at; `name` is what the MCP's list_entries says. */
  searchIn?: Model['searchIn']
  /** Numbers in [0, 1) for faults with a probability. */
  random?: () => number
  log?: boolean
}

export interface Sandbox {
  /** The GraphQL endpoint. */
  url: string
  baseUrl: string
  port: number
  /** The live state; a reset replaces it, so read it anew. */
  readonly model: Model
  readState(): StateReport
  readLedger(since?: number): LedgerPage
  addFault(fault: FaultInput): void
  clearFaults(): void
  /** Adds a token, changes its role or revokes it; throws where a new name comes without a token. */
  setToken(change: TokenChange): void
  setLimits(settings: RateLimitSettings): void
  reset(seed?: SeedName): void
  /** Destroys open connections, hanging ones included. */
  close(): Promise<void>
}

/** Starts a Pixelesq API of our own: schema.graphql over HTTP, with Pixelesq's rules, roles, limits and faults on demand. */
export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const closing = new AbortController()
  const state = createState(options, closing.signal)
  const app = await buildServer(state, options.log ?? false)
  const host = options.host ?? '127.0.0.1'
  await app.listen({ host, port: options.port ?? 0 })
  const { port } = app.server.address() as AddressInfo
  const baseUrl = `http://${host.includes(':') ? `[${host}]` : host}:${port}`
  return createHandle(state, baseUrl, port, createClose(app, state, closing))
}

function createState(options: SandboxOptions, closing: AbortSignal): SandboxState {
  const settings = options.searchIn === undefined ? {} : { searchIn: options.searchIn }
  const firstSeed = options.seed ?? 'demo'
  const state: SandboxState = {
    model: seedModel(firstSeed, settings),
    ledger: createLedger(options.ledgerFile ?? null),
    faults: createFaultQueue(options.random ?? Math.random),
    tokens: createTokenBook(options.tokens ?? DEMO_TOKENS),
    limiter: createRateLimiter(limitsSchema.parse(options.rateLimit ?? {})),
    errorsAs: options.errorsAs ?? 'http',
    closing,
    reset(seed = firstSeed) {
      state.model = seedModel(seed, settings)
      state.ledger.reset()
      state.faults.clear()
      state.tokens.reset()
      state.limiter.reset()
    },
  }
  return state
}

function createHandle(state: SandboxState, baseUrl: string, port: number, close: Sandbox['close']): Sandbox {
  return {
    url: `${baseUrl}/graphql`,
    baseUrl,
    port,
    close,
    // A getter, since a reset replaces the model.
    get model() {
      return state.model
    },
    readState: () => reportState(state.model),
    readLedger: since => state.ledger.read(since),
    addFault: fault => void state.faults.add(fault),
    clearFaults: () => state.faults.clear(),
    setToken(change) {
      if (state.tokens.change(change) === null) throw new Error('a new token name needs a token')
    },
    setLimits: settings => state.limiter.change(limitsSchema.parse(settings)),
    reset: seed => state.reset(seed),
  }
}

async function buildServer(state: SandboxState, log: boolean): Promise<FastifyInstance> {
  const app = Fastify({
    logger: log ? { redact: ['req.headers.authorization'] } : false,
    bodyLimit: BODY_BYTES_MAX,
    forceCloseConnections: true,
    // `__proto__` is data to the rules, which refuse it as an unknown field; a 400 from the parser would hide that.
    onProtoPoisoning: 'ignore',
    onConstructorPoisoning: 'ignore',
  })
  const schema = readFileSync(new URL('../schema.graphql', import.meta.url), 'utf8')
  const parserOptions = { maxTokens: DOCUMENT_TOKENS_MAX }
  await app.register(mercurius, { schema, routes: false, jit: 1, graphql: { parseOptions: parserOptions } })
  app.graphql.defineResolvers<ResolverContext>(resolvers)
  registerGraphqlRoute(app, state)
  registerControlRoutes(app, state)
  app.setErrorHandler((error: Error & { statusCode?: number }, _request, reply) => {
    if (error instanceof ZodError) return reply.code(400).send(describeProblem(z.prettifyError(error)))
    return reply.code(error.statusCode ?? 500).send({ statusCode: error.statusCode ?? 500, message: error.message })
  })
  return app
}

function createClose(app: FastifyInstance, state: SandboxState, closing: AbortController): () => Promise<void> {
  let closed: Promise<void> | null = null
  return () => {
    closing.abort()
    closed ??= app.close().then(() => state.ledger.close())
    return closed
  }
}
