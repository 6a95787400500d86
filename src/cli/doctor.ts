import { existsSync } from 'node:fs'
import pc from 'picocolors'
import { anchorsFileOf, openAnchors } from '../audit/anchors.ts'
import { verifyAudit } from '../audit/verify-audit.ts'
import { readClientSettings } from '../config/read-client.ts'
import { type Check, failed, warning } from '../doctor/check.ts'
import { checkSchema } from '../doctor/check-store.ts'
import { examineService } from '../doctor/examine-service.ts'
import { BridgeError } from '../errors.ts'
import { showText } from '../mapping/show-value.ts'
import { readSchemaVersion } from '../store/sqlite/migrate.ts'
import { openSqliteStore } from '../store/sqlite/open-store.ts'
import { getJson, readClientOrExit } from './api-client.ts'
import { EXIT } from './exit.ts'
import { say } from './list-rows.ts'
import { loadSetupOrExit } from './load-setup-or-exit.ts'

interface DoctorOptions {
  config?: string
  json?: boolean
}

interface Examined {
  ok: boolean
  checks: readonly Check[]
}

/** How long a service may take to say that it is there. */
const ANSWER_MAX_MS = 5_000
const MARKS = { ok: pc.green('ok     '), warning: pc.yellow('warning'), failed: pc.red('failed ') } as const

/** Prints what is found about the service: through its API where it runs, else directly, by the configuration. */
export async function examine(options: DoctorOptions): Promise<number> {
  const client = readClientSettings()
  const answers = client.ok && (await isThere(client.settings.url))
  const { ok, checks } = answers
    ? await getJson<Examined>(readClientOrExit(), '/api/doctor')
    : await examineStopped(options, client.ok ? client.settings.url : null)
  if (options.json === true) say(JSON.stringify({ ok, checks }))
  else for (const check of checks) print(check)
  return ok ? EXIT.done : EXIT.failed
}

async function isThere(url: string): Promise<boolean> {
  try {
    await (await fetch(`${url}/health/live`, { signal: AbortSignal.timeout(ANSWER_MAX_MS) })).body?.cancel()
    return true
  } catch {
    return false
  }
}

async function examineStopped(options: DoctorOptions, url: string | null): Promise<Examined> {
  const setup = await loadSetupOrExit(options)
  const { storeFile, limits } = setup.config
  const service = warning('service', `no service answers at ${url ?? 'BRIDGE_URL'}`, 'start it, or correct BRIDGE_URL')
  const checks = await examineFiles()
  return { ok: checks.every(({ status }) => status !== 'failed'), checks: [service, ...checks] }

  async function examineFiles(): Promise<readonly Check[]> {
    if (!existsSync(storeFile))
      return [warning('database', `${storeFile} is not there`, 'it is made at the first start')]
    const { version, known } = readSchemaVersion(storeFile)
    const schema = checkSchema(version, known)
    // opening it would bring it up to date
    if (schema !== null) return [schema]
    try {
      const store = await openSqliteStore({ file: storeFile, diskFreeMinBytes: limits.diskFreeMinBytes, onFatal() {} })
      try {
        const { signal } = new AbortController()
        const anchors = await openAnchors(anchorsFileOf(storeFile))
        const verify = () => verifyAudit(store, { anchors, key: null, anchoredThroughSeq: 0 })
        return await examineService({
          live: { setup, problems: [] },
          store,
          isRunning: false,
          verifyAudit: verify,
          signal,
        })
      } finally {
        await store.close()
      }
    } catch (error) {
      if (!(error instanceof BridgeError)) throw error
      const todo =
        error.code === 'store_locked' ? 'give BRIDGE_URL the address of that bridge' : 'restore the last backup'
      return [failed('database', error.message, todo)]
    }
  }
}

function print({ name, status, found, todo }: Check): void {
  say(`${MARKS[status]}  ${name.padEnd(12)}  ${showText(found)}`)
  if (todo !== null) say(`${' '.repeat(23)}${showText(todo)}`)
}
