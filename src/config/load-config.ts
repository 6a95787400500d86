import { existsSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import type { Problem } from '../mapping/problem.ts'
import { problemAt, type SourceFile } from '../mapping/source-file.ts'
import { type BridgeFile, bridgeSchema } from './bridge-schema.ts'
import { findingsOf } from './config-findings.ts'
import { findSealedNames } from './find-sealed-names.ts'
import { isTokenSafe } from './is-token-safe.ts'
import { nameOverride, override } from './override.ts'
import { parseDuration } from './parse-duration.ts'
import { parseRest } from './parse-rest.ts'
import type { ConfigFinding } from './problem.ts'
import { type AdminKeyConfig, readAdminKeys } from './read-admin.ts'
import { type AlertsConfig, readAlerts } from './read-alerts.ts'
import { readAuditKey } from './read-audit-key.ts'
import { readBridgeFile } from './read-bridge-file.ts'
import { readDotEnv } from './read-dot-env.ts'
import { type IntegrationConfig, readIntegration } from './read-integration.ts'
import { type Limits, readLimits } from './read-limits.ts'
import { type OidcConfig, readOidc } from './read-oidc.ts'
import { readSource, type SourceConfig } from './read-source.ts'
import type { OpenedSecrets } from './resolve-secret.ts'

/** The checked configuration: durations in milliseconds, secrets fetched, paths absolute. */
export interface Config {
  file: string
  folder: string
  /** The `.env` that is read where it is there: in the working directory. */
  envFile: string
  listen: { host: string; port: number; publicUrl: string | null; trustedProxies: readonly string[] }
  storeFile: string
  mappingsFolder: string
  endpoint: string
  schemaFile: string | null
  constants: Readonly<Record<string, unknown>>
  integrations: ReadonlyMap<string, IntegrationConfig>
  sources: ReadonlyMap<string, SourceConfig>
  adminKeys: readonly AdminKeyConfig[]
  /** Whose tokens let people into `/api`; null = nobody's. */
  oidc: OidcConfig | null
  /** Secrets of the store that are named here, and the places whose secret is left out because the store was not open. */
  sealed: { names: ReadonlySet<string>; unopened: readonly string[] }
  retention: { payloadMs: number; eventMs: number; idempotencyKeyMs: number; auditMs: number }
  /** The key that signs the audit, as text; null = that of a file beside the database. Never logged, stored or put into a message. */
  auditKey: string | null
  limits: Limits
  /** Null = nobody is told of anything. */
  alerts: AlertsConfig | null
  metrics: { isPublic: boolean }
  /** Whether requests to the API belong to the trace of the delivery that led to them. */
  tracing: { propagates: boolean }
  /** Whether the words of payloads are kept, so that events are found by them. */
  search: { payloads: boolean }
  logLevel: string
  /** See src/failpoint.ts; undefined outside tests. */
  failpoint: string | undefined
}

/** `rest`: what is sound of a configuration with problems, so that everything else can be checked too; null = nothing. */
export type LoadedConfig = { ok: true; config: Config } | { ok: false; problems: Problem[]; rest: ConfigRest | null }

export interface ConfigRest extends Pick<Config, 'file' | 'constants' | 'sources' | 'limits'> {
  /** Null where it is not there. */
  mappingsFolder: string | null
  /** Names that mappings may use, those of unsound entries among them. */
  sourceNames: readonly string[]
  integrationNames: readonly string[]
}

/** What the loader reads from outside: where, and the environment (this module alone knows `process.env`). */
export interface ConfigInput {
  /** Path of `bridge.json`; left out = `BRIDGE_CONFIG`, then `bridge.json` in `cwd`. */
  file?: string
  cwd?: string
  env?: Readonly<Record<string, string | undefined>>
  /** What `sealed:NAME` stands for; left out = the store is not open (`Config.sealed.unopened`). */
  opened?: OpenedSecrets
}

/** Loads `bridge.json`, `.env` and the overrides of the environment, and checks everything at once. */
export function loadConfig(input: ConfigInput = {}): LoadedConfig {
  const cwd = input.cwd ?? process.cwd()
  const processEnv = input.env ?? process.env
  const envFile = resolve(cwd, '.env')
  const dotEnv = readDotEnv(envFile)
  const env = { ...dotEnv.values, ...processEnv }
  const file = resolve(cwd, input.file ?? env.BRIDGE_CONFIG ?? 'bridge.json')
  const read = readBridgeFile(file)
  if (!read.ok) return { ok: false, problems: [...dotEnv.problems, ...read.problems], rest: null }
  const { source } = read

  const json = override(source.json, env)
  const parsed = bridgeSchema.safeParse(json)
  const wrong = parsed.success ? [] : findingsOf(parsed.error, json)
  const data = parsed.success ? parsed.data : parseRest(json)
  const checked = data === null ? null : check(data, { file, envFile }, env, input.opened ?? null)
  const findings = [...wrong, ...(checked?.findings ?? []).filter(finding => !isKnown(finding, wrong))]
  if (checked !== null && findings.length + dotEnv.problems.length === 0) return { ok: true, config: checked.config }

  const problems = findings.map(finding => toProblem(source, nameOverride(finding, env)))
  return { ok: false, problems: [...dotEnv.problems, ...problems], rest: checked && restOf(checked.config, json) }
}

/** Whether a finding only follows from one that is already there: of the same value, or of something in or around it. */
function isKnown({ pointer }: ConfigFinding, known: readonly ConfigFinding[]): boolean {
  return (
    pointer !== '' &&
    known.some(other => `${pointer}/`.startsWith(`${other.pointer}/`) || other.pointer.startsWith(`${pointer}/`))
  )
}

function restOf({ file, mappingsFolder, constants, sources, limits }: Config, json: unknown): ConfigRest {
  const namesOf = (key: 'sources' | 'integrations'): string[] => {
    const entries = (json as Record<string, unknown>)[key]
    return typeof entries === 'object' && entries !== null ? Object.keys(entries) : []
  }
  return {
    file,
    mappingsFolder: isFolder(mappingsFolder) ? mappingsFolder : null,
    constants,
    sources,
    limits,
    sourceNames: namesOf('sources'),
    integrationNames: namesOf('integrations'),
  }
}

function check(
  data: BridgeFile,
  { file, envFile }: Pick<Config, 'file' | 'envFile'>,
  env: Readonly<Record<string, string | undefined>>,
  opened: OpenedSecrets | null,
): { config: Config; findings: ConfigFinding[] } {
  const folder = dirname(file)
  const findings: ConfigFinding[] = []
  const add = (found: readonly ConfigFinding[]): void => {
    findings.push(...found)
  }
  const limits = readLimits(data)
  const unopened: string[] = []
  const context = { env, folder, limits, opened, onUnopened: (pointer: string) => void unopened.push(pointer) }
  const integrations = readEach(data.integrations, (name, value) => readIntegration(name, value, context), add)
  const sources = readEach(data.sources, (name, value) => readSource(name, value, context), add)
  const mappingsFolder = resolve(folder, data.mappings)
  add(findOtherProblems(data, mappingsFolder, env))
  const admin = readAdminKeys(data, env, folder)
  add(admin.findings)
  const people = readOidc(data)
  add(people.findings)
  const auditKey = readAuditKey(data, env, folder)
  add(auditKey.findings)
  const told = readAlerts(data, env, folder)
  add(told.findings)

  const ms = (text: string): number => parseDuration(text)!
  const config: Config = {
    file,
    folder,
    envFile,
    listen: { ...data.listen, publicUrl: data.listen.publicUrl ?? null },
    storeFile: resolve(folder, data.store.slice('sqlite:'.length)),
    mappingsFolder,
    endpoint: data.pixelesq.endpoint,
    schemaFile: data.pixelesq.schema === undefined ? null : resolve(folder, data.pixelesq.schema),
    constants: data.constants,
    integrations,
    sources,
    adminKeys: admin.keys,
    oidc: people.oidc,
    sealed: { names: findSealedNames(data), unopened },
    auditKey: auditKey.key,
    retention: {
      payloadMs: ms(data.retention.payload),
      eventMs: ms(data.retention.event),
      idempotencyKeyMs: ms(data.retention.idempotencyKey),
      auditMs: ms(data.retention.audit),
    },
    limits,
    alerts: told.alerts,
    metrics: { isPublic: data.metrics.public },
    tracing: { propagates: data.tracing.propagate },
    search: data.search,
    logLevel: env.BRIDGE_LOG_LEVEL || 'info',
    failpoint: env.BRIDGE_FAILPOINT,
  }
  return { config, findings }
}

const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']

function findOtherProblems(
  { pixelesq }: BridgeFile,
  mappingsFolder: string,
  env: Readonly<Record<string, string | undefined>>,
): ConfigFinding[] {
  const findings: ConfigFinding[] = []
  if (!isFolder(mappingsFolder))
    findings.push({ pointer: '/mappings', expected: 'a folder', found: `nothing at "${mappingsFolder}"` })
  const endpoint = new URL(pixelesq.endpoint)
  if (endpoint.username !== '' || endpoint.password !== '')
    findings.push({ pointer: '/pixelesq/endpoint', expected: 'a URL without credentials', found: 'one with some' })
  else if (!isTokenSafe(endpoint)) {
    findings.push({
      pointer: '/pixelesq/endpoint',
      expected: 'an https URL (http only for this machine)',
      found: `"${pixelesq.endpoint}"`,
    })
  }
  const level = env.BRIDGE_LOG_LEVEL
  if (level && !LOG_LEVELS.includes(level))
    findings.push({
      pointer: '',
      expected: `BRIDGE_LOG_LEVEL to be one of ${LOG_LEVELS.join(', ')}`,
      found: `"${level}"`,
    })
  return findings
}

type Read<T> = { ok: true; value: T } | { ok: false; problems: readonly ConfigFinding[] }

function readEach<I, T>(
  entries: Readonly<Record<string, I>>,
  read: (name: string, entry: I) => Read<T>,
  add: (found: readonly ConfigFinding[]) => void,
): Map<string, T> {
  const values = new Map<string, T>()
  for (const [name, entry] of Object.entries(entries)) {
    const result = read(name, entry)
    if (result.ok) values.set(name, result.value)
    else add(result.problems)
  }
  return values
}

function toProblem(
  source: SourceFile,
  { pointer, expected, found, suggestion = null, code = 'invalid_value' }: ConfigFinding,
): Problem {
  return problemAt(source, pointer, {
    code,
    message: `expected ${expected}`,
    expected,
    found,
    suggestion,
  })
}

function isFolder(path: string): boolean {
  return existsSync(path) && statSync(path).isDirectory()
}
