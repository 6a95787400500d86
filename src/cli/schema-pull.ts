import { resolve } from 'node:path'
import pc from 'picocolors'
import { isTokenSafe } from '../config/is-token-safe.ts'
import { type Config, loadConfig } from '../config/load-config.ts'
import type { IntegrationConfig } from '../config/read-integration.ts'
import { createAgents } from '../execute/agents.ts'
import { formatProblem } from '../mapping/problem.ts'
import { suggest } from '../mapping/suggest.ts'
import { compareSchemas, type SchemaChange } from '../pixelesq/live/compare-schemas.ts'
import { type Introspected, introspect } from '../pixelesq/live/introspect.ts'
import { ownSchemaFile } from '../pixelesq/live/schema-file.ts'
import { type FormerSchema, readFormerSchema, schemaText } from '../pixelesq/live/schema-text.ts'
import { replaceFile } from '../replace-file.ts'
import { cliError, EXIT } from './exit.ts'
import { refuseUnopened } from './refuse-unopened.ts'

export interface SchemaPullOptions {
  endpoint?: string
  integration?: string
  out?: string
  json?: boolean
  config?: string
}

/** Longest time for the introspection, in ms. */
const PULL_TIME_MAX_MS = 30_000
/** Changes that are listed; the rest is counted. */
const LISTED_MAX = 50

/** Writes the endpoint's schema to the schema file and says what is different from before, breaking changes first. */
export async function pullSchema(options: SchemaPullOptions): Promise<number> {
  const loaded = loadConfig(options.config === undefined ? {} : { file: options.config })
  if (!loaded.ok) throw cliError(EXIT.config, loaded.problems.map(formatProblem).join('\n'))
  const { config } = loaded
  const endpoint = readEndpoint(options.endpoint ?? config.endpoint)
  const integration = chooseIntegration(config, options.integration)
  refuseUnopened(config, `/integrations/${integration.name}`)
  const file = options.out === undefined ? ownSchemaFile(config) : resolve(options.out)
  const former = await readFormerSchema(file)

  const pulled = await introspectWith(integration, endpoint)
  if (!pulled.ok) throw cliError(EXIT.failed, describeFailure(pulled, integration, endpoint))
  const text = schemaText(pulled.schema, endpoint)
  const isSame = former.kind === 'schema' && former.text === text
  if (!isSame) await replaceFile(file, text)
  const changes = former.kind === 'schema' ? compareSchemas(former.schema, pulled.schema) : []
  if (options.json === true)
    process.stdout.write(`${JSON.stringify({ file, written: !isSame, before: former.kind, changes })}\n`)
  else report({ file, former, isSame, changes })
  return EXIT.done
}

/** The token goes where this says: to the configured endpoint, or to what was named on the command line, over TLS. */
function readEndpoint(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null
  if (url !== null && isTokenSafe(url)) return url
  throw cliError(EXIT.usage, `--endpoint: expected an https URL (http only for this machine), found "${text}"`)
}

function chooseIntegration({ integrations, file }: Config, name: string | undefined): IntegrationConfig {
  const names = [...integrations.keys()]
  const chosen = name ?? names[0]
  const integration = chosen === undefined ? undefined : integrations.get(chosen)
  if (integration !== undefined) return integration
  if (names.length === 0)
    throw cliError(EXIT.config, `${file}: /integrations: expected an integration with a token for the API, found none`)
  const near = suggest(chosen!, names)
  const hint = near === null ? '' : ` (did you mean "${near}"?)`
  throw cliError(EXIT.usage, `--integration: expected one of ${names.join(', ')}, found "${chosen}"${hint}`)
}

async function introspectWith({ name, token }: IntegrationConfig, endpoint: URL): Promise<Introspected> {
  const agents = createAgents()
  try {
    return await introspect({ agent: agents.get(name, 1, token), endpoint, token }, PULL_TIME_MAX_MS)
  } finally {
    await agents.close()
  }
}

const ADVICE: Partial<Record<Extract<Introspected, { ok: false }>['reason'], string>> = {
  introspection_off:
    'Ask Pixelesq for the SDL and save it as the schema file, or go on with the schema that ships with the bridge.',
  unauthorized: 'Put a valid token where the integration looks for it, or choose another one with --integration.',
  forbidden: 'Choose an integration whose token may read the schema with --integration.',
}

function describeFailure(
  { reason, message }: Extract<Introspected, { ok: false }>,
  { name }: IntegrationConfig,
  endpoint: URL,
): string {
  const where = `${endpoint.origin}${endpoint.pathname} (token of the integration "${name}")`
  const advice = ADVICE[reason]
  return `${where}: ${message}. Nothing was written.${advice === undefined ? '' : ` ${advice}`}`
}

interface Pulled {
  file: string
  former: FormerSchema
  isSame: boolean
  changes: readonly SchemaChange[]
}

function report({ file, former, isSame, changes }: Pulled): void {
  const say = (line: string): boolean => process.stdout.write(`${line}\n`)
  if (isSame) return void say(`${file}: unchanged`)
  say(`${file}: written${former.kind === 'unreadable' ? ' (what was there was no valid SDL)' : ''}`)
  if (former.kind !== 'schema') return
  for (const change of changes.slice(0, LISTED_MAX)) say(`  ${describeChange(change)}`)
  if (changes.length > LISTED_MAX) say(`  and ${changes.length - LISTED_MAX} more (--json lists all)`)
  const breaking = changes.filter(change => change.breaking).length
  say(
    changes.length === 0
      ? '  nothing changed but descriptions, defaults, deprecations or the order'
      : `  ${changes.length} ${changes.length === 1 ? 'change' : 'changes'}, ${breaking} breaking. Next: pixelesq-bridge check`,
  )
}

const MARKS = { added: '+', removed: '-', changed: '~' } as const

function describeChange({ kind, coordinate, before, after, breaking }: SchemaChange): string {
  const what = kind === 'changed' ? `${before} → ${after}` : (before ?? after)
  const line = `${MARKS[kind]} ${coordinate}: ${what}`
  return breaking ? `${pc.red('breaking')}  ${line}` : `${pc.dim('        ')}  ${line}`
}
