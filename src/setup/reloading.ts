import type { Logger } from 'pino'
import type { IntegrationConfig } from '../config/read-integration.ts'
import type { TokenRead } from '../config/read-token-again.ts'
import { fingerprintToken } from '../ledger/fingerprint.ts'
import { formatProblem, type Problem } from '../mapping/problem.ts'
import { BRIDGE_ACTOR, type NewAuditEntry } from '../store/audit.ts'
import type { Store } from '../store/store.ts'
import type { TokenState } from '../store/tokens.ts'
import type { LoadedSetup } from './load-setup.ts'
import { findChangedTokens, type TokenFinding } from './probe-tokens.ts'
import type { Rotation } from './rotation.ts'
import type { Live, Setup } from './setup.ts'

/** Wait before a reload that the store would not take is tried again. */
const RELOAD_AGAIN_MS = 1_000
/** How long the API may take over a new token when files are reloaded: they are to be in force within 1 s. */
const RELOAD_PROBE_MS = 700
/** The same where a person asked for the rotation and waits for the answer. */
const ROTATE_PROBE_MS = 10_000

/** Why nothing is sent with the token in force, and what helps. */
const STOPPED: Partial<Record<TokenState, string>> = {
  revoked: 'it was revoked for good: put another one there',
  refused: 'the API refuses it (401): put another one there',
  held: 'the API forbade it five requests in a row (403): give its user the role and start again, or put another one there',
}

export interface ReloadingOptions {
  live: Live
  store: Pick<Store, 'recordAudit' | 'readIntegrations'>
  log: Logger
  load: (generation: number) => Promise<LoadedSetup>
  readToken: (integration: IntegrationConfig) => Promise<TokenRead>
  /** Asks the API about tokens that are to take the place of others. */
  probeTokens: (integrations: readonly IntegrationConfig[], setup: Setup, deadlineMs: number) => Promise<TokenFinding[]>
  /** Enters the tokens into the ledger: first, because one that the ledger does not know is not sent. */
  registerTokens: (setup: Setup, actor: string) => Promise<void>
  putInForce: (setup: Setup) => void
}

export interface Reloading {
  /** Loads configuration and mappings again; they come into force together, or not at all (false). Never rejects. */
  reload(reason: string): Promise<boolean>
  /** Reads the token of one integration again and puts it in force, whatever else has changed in the files. */
  rotate(integration: string, actor: string): Promise<Rotation>
  /** Waits for the reload under way; later ones do nothing. */
  close(): Promise<void>
}

/**
 * Makes reloads run one after another, in the order they were asked for: an older reading of the files must not come
 * into force last. Where the store cannot take the tokens, the last good setup stays and it is tried again. A token that
 * takes the place of another is tried first, whichever way it comes: one that the API refuses does not come into force.
 */
export function createReloading(options: ReloadingOptions): Reloading {
  const { live, store, log, load, readToken, probeTokens, registerTokens, putInForce } = options
  let last: Promise<unknown> = Promise.resolve()
  let again: NodeJS.Timeout | null = null
  let closed = false

  const account = (action: 'setup.reloaded' | 'setup.refused', detail: NonNullable<NewAuditEntry['detail']>) =>
    store.recordAudit([{ at: Date.now(), actor: BRIDGE_ACTOR, action, detail }])
  const probeChanged = (next: Setup, deadlineMs: number): Promise<TokenFinding[]> =>
    probeTokens(findChangedTokens(live.setup.config, next.config), next, deadlineMs)
  const refuse = async (reason: string, problems: readonly Problem[]): Promise<false> => {
    live.problems = problems
    log.error(
      { reason, problems: problems.map(formatProblem) },
      'the changed files are not valid; the last good setup stays in force',
    )
    await account('setup.refused', { reason, problems: problems.length })
    return false
  }
  const enter = async (
    next: Setup,
    findings: readonly TokenFinding[],
    actor: string,
    reloaded?: NonNullable<NewAuditEntry['detail']>,
  ): Promise<void> => {
    await registerTokens(next, actor)
    if (reloaded !== undefined) await account('setup.reloaded', reloaded)
    putInForce(next)
    for (const { integration, verdict, message } of findings) {
      const rotated = { integration: integration.name, fingerprint: fingerprintToken(integration.token), actor }
      if (verdict === 'accepted') log.info(rotated, 'another token is in force')
      else log.warn({ ...rotated, message }, 'another token is in force, and the API could not be asked about it')
    }
  }

  const reloadNow = async (reason: string): Promise<boolean> => {
    if (closed) return false
    if (again !== null) clearTimeout(again)
    try {
      const next = await load(live.setup.generation + 1)
      if (!next.ok) return refuse(reason, next.problems)
      const { setup } = next
      const { generation, mappings, sources } = setup
      const findings = await probeChanged(setup, RELOAD_PROBE_MS)
      const refused = findings.filter(({ verdict }) => verdict === 'refused')
      if (refused.length > 0)
        return refuse(
          reason,
          refused.map(finding => describeRefusal(finding, setup)),
        )
      await enter(setup, findings, 'bridge', { reason, generation, mappings: mappings.size, sources: sources.size })
      live.problems = []
      log.info({ reason, generation, mappings: mappings.size, sources: sources.size }, 'reloaded')
      return true
    } catch (error) {
      log.error({ err: error, reason }, 'the files could not be reloaded; trying again')
      again = setTimeout(() => void reload('again'), RELOAD_AGAIN_MS)
      return false
    }
  }

  const rotateNow = async (name: string, actor: string): Promise<Rotation> => {
    const { setup } = live
    const { config } = setup
    const integration = config.integrations.get(name)
    if (integration === undefined)
      return { ok: false, reason: 'not_found', message: 'No integration of this name is configured' }
    const read = await readToken(integration)
    if (!read.ok) return { ok: false, reason: 'token_unreadable', message: `${read.message}: the old token stays` }
    const fingerprint = fingerprintToken(read.token)
    const { tokenReference } = integration
    if (read.token === integration.token) return answerUnchanged(name, tokenReference, fingerprint)
    const integrations = new Map(config.integrations).set(name, { ...integration, token: read.token })
    const next = { ...setup, generation: setup.generation + 1, config: { ...config, integrations } }
    const findings = await probeChanged(next, ROTATE_PROBE_MS)
    const wrong = findings.find(({ verdict }) => verdict !== 'accepted')
    if (wrong !== undefined)
      return {
        ok: false,
        reason: 'token_not_accepted',
        message: `The token in ${tokenReference} (${fingerprint}): ${wrong.message}. The old token stays in force`,
      }
    await enter(next, findings, actor)
    // the files may have been refused for the token alone
    if (live.problems.length > 0) void reload('a token was rotated')
    return {
      ok: true,
      changed: true,
      fingerprint,
      message: `The token in ${tokenReference} (${fingerprint}) is in force from the next attempt on`,
    }
  }

  const answerUnchanged = async (name: string, tokenReference: string, fingerprint: string): Promise<Rotation> => {
    const ledger = await store.readIntegrations()
    const state = ledger.find(({ integration, token }) => integration === name && token === fingerprint)?.state
    const stopped = state === undefined ? undefined : STOPPED[state]
    const message = `What stands in ${tokenReference} is in force already (${fingerprint})`
    if (stopped === undefined) return { ok: true, changed: false, fingerprint, message }
    return { ok: false, reason: 'token_not_accepted', message: `${message}, but ${stopped}` }
  }

  const queue = <T>(task: () => Promise<T>): Promise<T> => {
    const next = last.then(task)
    last = next.catch(() => {})
    return next
  }
  const reload = (reason: string): Promise<boolean> => queue(() => reloadNow(reason))
  return {
    reload,
    rotate: (integration, actor) => queue(() => rotateNow(integration, actor)),
    async close() {
      closed = true
      await last
      if (again !== null) clearTimeout(again)
    },
  }
}

function describeRefusal({ integration: { name, tokenReference }, message }: TokenFinding, { config }: Setup): Problem {
  const expected = `a token that the API accepts in ${tokenReference}`
  return {
    file: config.file,
    pointer: `/integrations/${name}/token`,
    line: null,
    column: null,
    severity: 'error',
    code: 'invalid_value',
    message: `expected ${expected}`,
    expected,
    found: `one that it does not: ${message}`,
    suggestion: null,
  }
}
