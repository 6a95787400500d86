import { BridgeError } from './errors.ts'
import { type RunningBridge, startBridge } from './start-bridge.ts'

/** Exit code of a configuration that cannot be used (BSD sysexits EX_CONFIG). */
const EXIT_CONFIG = 78

/**
 * Runs the service until a signal ends it; gives the exit code. SIGTERM and SIGINT let what is under way end, a second
 * one forces; SIGHUP reloads configuration and mappings.
 */
export async function runServer(options: { config?: string }): Promise<number> {
  let bridge: RunningBridge
  try {
    bridge = await startBridge({
      ...(options.config !== undefined && { config: { file: options.config } }),
      onFatal: error => endAtOnce(error),
      showAdminKey,
    })
  } catch (error) {
    return explain(error)
  }
  process.on('SIGHUP', () => void bridge.reload('SIGHUP'))
  await new Promise<void>(resolve => {
    let asked = false
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.on(signal, () => {
        if (asked) process.exit(1)
        asked = true
        resolve()
      })
    }
  })
  await bridge.stop()
  return 0
}

/** On standard error, apart from the log lines, which are kept. */
function showAdminKey(key: string): void {
  process.stderr.write(
    `Admin key, shown this once: ${key}\nOnly its hash is kept. Commands read it from BRIDGE_ADMIN_KEY. To use a key of your own, set admin.keys or BRIDGE_ADMIN_KEY and start again.\n`,
  )
}

function explain(error: unknown): number {
  if (!(error instanceof BridgeError)) throw error
  process.stderr.write(`${error.message}\n`)
  return error.code === 'config_invalid' ? EXIT_CONFIG : 1
}

/** A database that can no longer be trusted: what was acknowledged is safe, what would come next is not. */
function endAtOnce(error: Error): void {
  process.stderr.write(`fatal: ${error.message}\n`)
  process.exit(1)
}
