import type { Logger } from 'pino'
import { formatProblem } from '../mapping/problem.ts'
import type { LoadedSetup } from './load-setup.ts'
import type { Live, Setup } from './setup.ts'

/** Wait before a reload that the store would not take is tried again. */
const RELOAD_AGAIN_MS = 1_000

export interface ReloadingOptions {
  live: Live
  log: Logger
  load: (generation: number) => Promise<LoadedSetup>
  /** Enters the tokens into the ledger: first, because one that the ledger does not know is not sent. */
  registerTokens: (setup: Setup) => Promise<void>
  putInForce: (setup: Setup) => void
}

export interface Reloading {
  /** Loads configuration and mappings again; they come into force together, or not at all (false). Never rejects. */
  reload(reason: string): Promise<boolean>
  /** Waits for the reload under way; later ones do nothing. */
  close(): Promise<void>
}

/**
 * Makes reloads run one after another, in the order they were asked for: an older reading of the files must not come
 * into force last. Where the store cannot take the tokens, the last good setup stays and it is tried again.
 */
export function createReloading({ live, log, load, registerTokens, putInForce }: ReloadingOptions): Reloading {
  let last: Promise<unknown> = Promise.resolve()
  let again: NodeJS.Timeout | null = null
  let closed = false

  const reloadNow = async (reason: string): Promise<boolean> => {
    if (closed) return false
    if (again !== null) clearTimeout(again)
    try {
      const next = await load(live.setup.generation + 1)
      if (!next.ok) {
        live.problems = next.problems
        log.error(
          { reason, problems: next.problems.map(formatProblem) },
          'the changed files are not valid; the last good setup stays in force',
        )
        return false
      }
      const { generation, mappings, sources } = next.setup
      await registerTokens(next.setup)
      putInForce(next.setup)
      log.info({ reason, generation, mappings: mappings.size, sources: sources.size }, 'reloaded')
      return true
    } catch (error) {
      log.error({ err: error, reason }, 'the files could not be reloaded; trying again')
      again = setTimeout(() => void reload('again'), RELOAD_AGAIN_MS)
      return false
    }
  }
  const reload = (reason: string): Promise<boolean> => {
    const next = last.then(() => reloadNow(reason))
    last = next
    return next
  }
  return {
    reload,
    async close() {
      closed = true
      await last
      if (again !== null) clearTimeout(again)
    },
  }
}
