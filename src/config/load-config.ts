import { existsSync, readFileSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { parseEnv } from 'node:util'
import type { Problem } from '../mapping/problem.ts'
import { fileProblem, problemAt, readSource as readJson, type SourceFile } from '../mapping/source-file.ts'
import { suggest } from '../mapping/suggest.ts'
import type { Preset } from '../verify/preset.ts'
import type { SchemeSettings, Secret } from '../verify/scheme.ts'
import type { SchemeDefinition } from '../verify/scheme-definition.ts'
import { problemsFromZod } from '../verify/scheme-problem.ts'
import { type BridgeFile, bridgeSchema, knownKeysAt } from './bridge-schema.ts'
import { parseDuration } from './parse-duration.ts'
import type { ConfigFinding } from './problem.ts'
import { readIntegration } from './read-integration.ts'
import { readSource } from './read-source.ts'

/** The checked configuration: durations in milliseconds, secrets fetched, paths absolute. */
export interface Config {
  file: string
  folder: string
  listen: { host: string; port: number; publicUrl: string | null; trustedProxies: readonly string[] }
  storeFile: string
  mappingsFolder: string
  endpoint: string
  schemaFile: string | null
  constants: Readonly<Record<string, unknown>>
  integrations: ReadonlyMap<string, IntegrationConfig>
  sources: ReadonlyMap<string, SourceConfig>
  retention: { payloadMs: number; eventMs: number; idempotencyKeyMs: number; auditMs: number }
  limits: Limits
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
  diskFreeMinBytes: number
}

export interface IntegrationConfig {
  name: string
  /** The API token itself. Never logged, stored or put into a message. */
  token: string
  purpose: string | null
  owner: string | null
  caps: { perMinuteMax: number | null; perDayMax: number | null }
  concurrencyMax: number
  attemptsMax: number
  backoff: { baseMs: number; capMs: number }
}

export interface SourceConfig {
  name: string
  retired: boolean
  preset: Preset
  definition: SchemeDefinition
  settings: SchemeSettings
  secrets: readonly Secret[]
  /** `${CEL}`, or null where nothing says it. */
  eventType: string | null
  idempotencyKey: string | null
  methods: readonly string[]
  contentTypes: readonly string[]
  bodyBytesMax: number
}

export type LoadedConfig = { ok: true; config: Config } | { ok: false; problems: Problem[] }

/** What the loader reads from outside: where, and the environment (this module alone knows `process.env`). */
export interface ConfigInput {
  /** Path of `bridge.json`; left out = `BRIDGE_CONFIG`, then `bridge.json` in `cwd`. */
  file?: string
  cwd?: string
  env?: Readonly<Record<string, string | undefined>>
}

/** Loads `bridge.json`, `.env` and the overrides of the environment, and checks everything at once. */
export function loadConfig(input: ConfigInput = {}): LoadedConfig {
  const cwd = input.cwd ?? process.cwd()
  const processEnv = input.env ?? process.env
  const env = { ...readDotEnv(resolve(cwd, '.env')), ...processEnv }
  const file = resolve(cwd, input.file ?? env.BRIDGE_CONFIG ?? 'bridge.json')
  const read = readBridgeFile(file)
  if (!read.ok) return read
  const { source } = read
  const parsed = bridgeSchema.safeParse(override(source.json, env))
  if (!parsed.success)
    return { ok: false, problems: findingsOf(parsed.error, source.json).map(finding => toProblem(source, finding)) }
  const checked = check(parsed.data, file, env)
  return checked.ok ? checked : { ok: false, problems: checked.findings.map(finding => toProblem(source, finding)) }
}

type CheckedConfig = { ok: true; config: Config } | { ok: false; findings: ConfigFinding[] }

function check(data: BridgeFile, file: string, env: Readonly<Record<string, string | undefined>>): CheckedConfig {
  const folder = dirname(file)
  const findings: ConfigFinding[] = []
  const add = (found: readonly ConfigFinding[]): void => {
    findings.push(...found)
  }
  const limits = readLimits(data)
  const context = { env, folder, limits }
  const integrations = readEach(data.integrations, (name, value) => readIntegration(name, value, context), add)
  const sources = readEach(data.sources, (name, value) => readSource(name, value, context), add)

  const mappingsFolder = resolve(folder, data.mappings)
  if (!isFolder(mappingsFolder))
    add([{ pointer: '/mappings', expected: 'a folder', found: `nothing at "${mappingsFolder}"` }])
  if (new URL(data.pixelesq.endpoint).protocol === 'http:' && !isLoopback(data.pixelesq.endpoint)) {
    add([
      {
        pointer: '/pixelesq/endpoint',
        expected: 'an https URL (http only for this machine)',
        found: `"${data.pixelesq.endpoint}"`,
      },
    ])
  }
  if (findings.length > 0) return { ok: false, findings }

  const ms = (text: string): number => parseDuration(text)!
  return {
    ok: true,
    config: {
      file,
      folder,
      listen: { ...data.listen, publicUrl: data.listen.publicUrl ?? null },
      storeFile: resolve(folder, data.store.slice('sqlite:'.length)),
      mappingsFolder,
      endpoint: data.pixelesq.endpoint,
      schemaFile: data.pixelesq.schema === undefined ? null : resolve(folder, data.pixelesq.schema),
      constants: data.constants,
      integrations,
      sources,
      retention: {
        payloadMs: ms(data.retention.payload),
        eventMs: ms(data.retention.event),
        idempotencyKeyMs: ms(data.retention.idempotencyKey),
        auditMs: ms(data.retention.audit),
      },
      limits,
      logLevel: env.BRIDGE_LOG_LEVEL ?? 'info',
      failpoint: env.BRIDGE_FAILPOINT,
    },
  }
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

/** Settings that the environment may override (interface.md 2). */
function override(json: unknown, env: Readonly<Record<string, string | undefined>>): unknown {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return json
  const file = json as Record<string, Record<string, unknown> | undefined>
  const listen = {
    ...file.listen,
    ...(env.BRIDGE_HOST && { host: env.BRIDGE_HOST }),
    ...(env.BRIDGE_PORT && { port: Number(env.BRIDGE_PORT) }),
  }
  return {
    ...file,
    ...(Object.keys(listen).length > 0 && { listen }),
    ...(env.BRIDGE_STORE && { store: env.BRIDGE_STORE }),
    ...(env.BRIDGE_MAPPINGS && { mappings: env.BRIDGE_MAPPINGS }),
    ...(env.BRIDGE_PIXELESQ_ENDPOINT && { pixelesq: { ...file.pixelesq, endpoint: env.BRIDGE_PIXELESQ_ENDPOINT } }),
  }
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

function toProblem(source: SourceFile, { pointer, expected, found, suggestion = null }: ConfigFinding): Problem {
  return problemAt(source, pointer, {
    code: 'invalid_value',
    message: `expected ${expected}`,
    expected,
    found,
    suggestion,
  })
}

function readDotEnv(file: string): Record<string, string | undefined> {
  return existsSync(file) ? parseEnv(readFileSync(file, 'utf8')) : {}
}

/** Places where a secret may have been pasted: what is found there is never repeated. */
const SECRET_PLACE = /\/(secrets\/\d+(\/ref)?|token|key)$/

function findingsOf(error: Parameters<typeof problemsFromZod>[0], json: unknown): ConfigFinding[] {
  return problemsFromZod(error, json).map(({ pointer, expected, found }) => {
    if (expected === 'no such key') {
      const known = knownKeysAt(pointer.slice(0, pointer.lastIndexOf('/')))
      return {
        pointer,
        expected: known.length === 0 ? 'a known key' : `one of ${known.join(', ')}`,
        found,
        suggestion: suggest(found.slice(1, -1), known),
      }
    }
    return {
      pointer,
      expected: cleanExpectation(expected),
      found: SECRET_PLACE.test(pointer) && found !== 'nothing' ? 'a literal value' : found,
    }
  })
}

/** zod's own words, where the schema has none: "Invalid input: expected object, received array". */
function cleanExpectation(text: string): string {
  return text
    .replace(/^(Invalid input|Too small|Too big|Invalid option|Invalid string): expected /, '')
    .replace(/, received .*$/, '')
}

function isFolder(path: string): boolean {
  return existsSync(path) && statSync(path).isDirectory()
}

function isLoopback(url: string): boolean {
  return /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/.test(new URL(url).hostname)
}
