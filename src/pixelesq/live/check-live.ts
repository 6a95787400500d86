import type { Agent } from 'undici'
import type { IntegrationConfig } from '../../config/read-integration.ts'
import { type Agents, createAgents } from '../../execute/agents.ts'
import type { CheckedMapping } from '../../mapping/checked-mapping.ts'
import type { Operation } from '../../mapping/operation.ts'
import type { Problem, ProblemCode } from '../../mapping/problem.ts'
import { fileProblem } from '../../mapping/source-file.ts'
import type { Setup } from '../../setup/setup.ts'
import { checkOperations, type UsedOperation } from './check-operations.ts'
import { type Introspected, introspect } from './introspect.ts'
import { probeToken, type TokenProbe } from './probe-token.ts'
import { schemaFileInForce } from './schema-file.ts'
import { readFormerSchema } from './schema-text.ts'

/** `notes`: what was found in order, and what cannot be known; one line each, for people. */
export interface LiveCheck {
  problems: Problem[]
  notes: string[]
}

/** Longest time for all questions together, in ms: with loading and comparing, `check --live` ends within 5 s. */
export const LIVE_TIME_MAX_MS = 3_000
/** Connections of one token: the two questions of a probe and the introspection go side by side. */
const CONNECTIONS = 3

/**
 * Asks the endpoint whether the setup fits it: is every token accepted, may it write where its mappings write, and is
 * the schema what the operations in use were checked against. Sends nothing that writes; at most three requests a token.
 */
export async function checkLive(setup: Setup, timeMs = LIVE_TIME_MAX_MS): Promise<LiveCheck> {
  const agents = createAgents()
  try {
    return await ask(setup, agents, timeMs)
  } finally {
    await agents.close()
  }
}

async function ask(setup: Setup, agents: Agents, timeMs: number): Promise<LiveCheck> {
  const { config } = setup
  const endAt = performance.now() + timeMs
  const endpoint = new URL(config.endpoint)
  const access = ({ name, token }: IntegrationConfig): { agent: Agent; endpoint: URL; token: string } => ({
    agent: agents.get(name, CONNECTIONS, token),
    endpoint,
    token,
  })
  const integrations = [...config.integrations.values()]
  const [introspected, probes] = await Promise.all([
    introspectWithAny(integrations, integration => introspect(access(integration), endAt - performance.now()), endAt),
    Promise.all(
      firstOfEachToken(integrations).map(
        async integration => [integration.token, await probeToken(access(integration), timeMs)] as const,
      ),
    ),
  ])
  const result: LiveCheck = { problems: [], notes: [] }
  if (integrations.length === 0) {
    result.notes.push('there is no integration, and without a token the endpoint cannot be asked')
    return result
  }
  const byToken = new Map(probes)
  if (probes.every(([, probe]) => !probe.ok && probe.asked.reason === 'unreachable')) {
    const { message } = (probes[0]![1] as Extract<TokenProbe, { ok: false }>).asked
    result.problems.push(problem(setup, '/pixelesq/endpoint', 'live_unreachable', 'an answer of the API', message))
    return result
  }
  for (const integration of integrations) judgeToken(setup, integration, byToken.get(integration.token)!, result)
  await judgeSchema(setup, introspected, result)
  return result
}

/** Tokens are tried in turn for as long as one is refused: one accepted token is enough to read the schema. */
async function introspectWithAny(
  integrations: readonly IntegrationConfig[],
  read: (integration: IntegrationConfig) => Promise<Introspected>,
  endAt: number,
): Promise<Introspected | null> {
  let last: Introspected | null = null
  for (const integration of firstOfEachToken(integrations)) {
    if (last !== null && performance.now() >= endAt) break
    last = await read(integration)
    const refused = !last.ok && ['unauthorized', 'forbidden', 'rate_limited'].includes(last.reason)
    if (!refused) break
  }
  return last
}

function firstOfEachToken(integrations: readonly IntegrationConfig[]): IntegrationConfig[] {
  return [
    ...new Map([...integrations].reverse().map(integration => [integration.token, integration])).values(),
  ].reverse()
}

function judgeToken(
  setup: Setup,
  { name }: IntegrationConfig,
  probe: TokenProbe,
  { problems, notes }: LiveCheck,
): void {
  const pointer = `/integrations/${name}/token`
  if (!probe.ok) {
    const { reason, message } = probe.asked
    const severity = reason === 'unauthorized' || reason === 'forbidden' ? 'error' : 'warning'
    problems.push(problem(setup, pointer, 'live_token', 'a token that the API accepts', message, severity))
    return
  }
  const writers = [...setup.mappings.values()].filter(
    ({ integration, steps }) => integration === name && steps.some(step => writes(step, setup.operations)),
  )
  if (probe.mayWrite === null)
    notes.push(
      `integration "${name}": the token is accepted, and nothing shows that it may not write (a role that the API looks at field by field shows only at a write)`,
    )
  else if (writers.length === 0)
    notes.push(`integration "${name}": the token is accepted; it may only read, which is all its mappings do`)
  else {
    const found = `a token that may only read (403, the role Viewer); written with by ${writers.map(mapping => mapping.name).join(', ')}`
    problems.push(problem(setup, pointer, 'live_token', 'a token that may write (the role Editor or Owner)', found))
  }
}

function writes(step: CheckedMapping['steps'][number], operations: ReadonlyMap<string, Operation>): boolean {
  return step.kind === 'operation' && operations.get(step.operation)?.kind === 'mutation'
}

async function judgeSchema(
  setup: Setup,
  introspected: Introspected | null,
  { problems, notes }: LiveCheck,
): Promise<void> {
  if (introspected === null) return
  if (!introspected.ok) {
    // what a refused token means was said of the token
    if (['unauthorized', 'forbidden', 'rate_limited'].includes(introspected.reason)) return
    const expected = 'the schema of the endpoint, to compare the operations with'
    problems.push(problem(setup, '/pixelesq/endpoint', 'live_schema', expected, introspected.message, 'warning'))
    return
  }
  const schemaFile = schemaFileInForce(setup.config)
  const former = await readFormerSchema(schemaFile)
  if (former.kind !== 'schema') {
    const found = former.kind === 'none' ? 'no such file' : 'no valid SDL'
    problems.push(
      fileProblem(schemaFile, {
        code: 'live_schema',
        message: 'there is no schema to compare with',
        expected: 'a GraphQL schema',
        found,
      }),
    )
    return
  }
  const used = findUsedOperations(setup)
  const compared = checkOperations(used, { file: former.schema, live: introspected.schema, schemaFile })
  problems.push(...compared.problems)
  const others = compared.otherChanges.length
  const touching = compared.problems.length
  notes.push(
    `schema: ${used.length} operations in use compared with the endpoint, ${touching === 0 ? 'no difference touches them' : `${touching} differences touch them`}` +
      (others === 0
        ? ''
        : `; ${others} ${others === 1 ? 'difference touches' : 'differences touch'} nothing in use (\`pixelesq-bridge schema pull\` shows them)`),
  )
}

/** The operations that mappings send, and the queries that look for their lost answers. */
function findUsedOperations({ mappings, operations }: Setup): UsedOperation[] {
  const users = new Map<string, Set<string>>()
  const use = (name: string, mapping: string): void => {
    const known = users.get(name)
    if (known === undefined) users.set(name, new Set([mapping]))
    else known.add(mapping)
    const verify = operations.get(name)?.verify?.operation
    if (verify !== undefined && users.get(verify)?.has(mapping) !== true) use(verify, mapping)
  }
  for (const mapping of mappings.values())
    for (const step of mapping.steps) if (step.kind === 'operation') use(step.operation, mapping.name)
  return [...users].flatMap(([name, names]) => {
    const operation = operations.get(name)
    return operation === undefined ? [] : [{ operation, mappings: [...names] }]
  })
}

function problem(
  { config }: Setup,
  pointer: string,
  code: ProblemCode,
  expected: string,
  found: string,
  severity: 'error' | 'warning' = 'error',
): Problem {
  const parts = { code, severity, message: `expected ${expected}, found ${found}`, expected, found } as const
  return { ...fileProblem(config.file, parts), pointer }
}
