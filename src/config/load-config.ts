import { existsSync, readFileSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import type { Problem } from '../mapping/problem.ts'
import { fileProblem, problemAt, readSource as readJson, type SourceFile } from '../mapping/source-file.ts'
import type { ReconcileConfig } from '../reconcile/reconcile-config.ts'
import type { Preset } from '../verify/preset.ts'
import type { SchemeSettings, Secret } from '../verify/scheme.ts'
import type { SchemeDefinition } from '../verify/scheme-definition.ts'
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
import { readDotEnv } from './read-dot-env.ts'
import { readIntegration } from './read-integration.ts'
import { type OidcConfig, readOidc } from './read-oidc.ts'
import { readSource } from './read-source.ts'
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

export interface Limits {
  bodyBytesMax: number
  jsonDepthMax: number
  backlogJobsMax: number
  attemptsMax: number
  jobsPerEventMax: number
  requestTimeoutMs: number
  responseBytesMax: number
  settleMs: number
  failedAuthPerMinuteMax: number
  apiPerMinuteMax: number
  diskFreeMinBytes: number
}

export interface IntegrationConfig {
  name: string
  /** The API token itself. Never logged, stored or put into a message. Empty where it is sealed and was not opened. */
  token: string
  purpose: string | null
  owner: string | null
  /** Where the token comes from, as bridge.json says it. */
  tokenReference: string
  /** A token older than this is due for rotation; null = it is never said. */
  rotateAfterMs: number | null
  caps: { perMinuteMax: number | null; perDayMax: number | null }
  concurrencyMax: number
  attemptsMax: number
  backoff: { baseMs: number; capMs: number }
  /** null = switched off. */
  circuit: { failureRatio: number; attemptsMin: number; windowMs: number; openMs: number } | null
}

export interface SourceConfig {
  name: string
  retired: boolean
  preset: Preset
  definition: SchemeDefinition
  settings: SchemeSettings
  secrets: readonly Secret[]
  /** Its secret is what the sender hands out when it is set up; until then it has none. */
  captures: boolean
  /** `${CEL}`, or null where nothing says it. */
  eventType: string | null
  idempotencyKey: string | null
  /** What tells a delivery from one that came before: its key alone, or what was signed too. */
  replay: 'id' | 'content'
  methods: readonly string[]
  contentTypes: readonly string[]
  bodyBytesMax: number
  /** Where its sender is asked what could not be delivered; null = nowhere. */
  reconcile: ReconcileConfig | null
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
  if (!isTokenSafe(new URL(pixelesq.endpoint))) {
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

function readLimits({ limits }: BridgeFile): Limits {
  return {
    bodyBytesMax: limits.bodyBytes,
    jsonDepthMax: limits.jsonDepth,
    backlogJobsMax: limits.backlogJobs,
    attemptsMax: limits.attempts,
    jobsPerEventMax: limits.jobsPerEvent,
    requestTimeoutMs: parseDuration(limits.requestTimeout)!,
    responseBytesMax: limits.responseBytes,
    settleMs: parseDuration(limits.settle)!,
    failedAuthPerMinuteMax: limits.failedAuthPerMinute,
    apiPerMinuteMax: limits.apiPerMinute,
    diskFreeMinBytes: limits.diskFreeBytes,
  }
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

function readBridgeFile(file: string): { ok: true; source: SourceFile } | { ok: false; problems: Problem[] } {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    const absent = error instanceof Error && 'code' in error && error.code === 'ENOENT'
    const found = absent ? 'no such file (`pixelesq-bridge init` writes one)' : 'a file that cannot be read'
    return {
      ok: false,
      problems: [
        fileProblem(file, {
          code: 'file_unreadable',
          message: 'there is no configuration',
          expected: 'a configuration',
          found,
        }),
      ],
    }
  }
  const read = readJson(file, text)
  return read.ok && read.problems.length === 0 ? read : { ok: false, problems: read.problems }
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
