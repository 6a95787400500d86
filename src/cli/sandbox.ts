import { readFileSync, writeFileSync } from 'node:fs'
import { startSandbox } from '../pixelesq/sandbox/start-sandbox.ts'
import { DEMO_TOKENS } from '../pixelesq/sandbox/token-book.ts'
import { cliError, EXIT } from './exit.ts'
import { untilSignal } from './until-signal.ts'

const DEFAULT_PORT = 4400

interface SandboxCommandOptions {
  port?: string
  host: string
  schemaOut?: string
  ledger?: string
}

/** Runs the sandbox of the Pixelesq API until a signal comes, or writes its schema to a file. */
export async function sandbox(options: SandboxCommandOptions): Promise<number> {
  if (options.schemaOut !== undefined) {
    writeFileSync(options.schemaOut, readFileSync(new URL('../pixelesq/schema.graphql', import.meta.url)))
    process.stdout.write(`${options.schemaOut}: written\n`)
    return EXIT.done
  }
  const started = await startSandbox({
    port: readPort(options.port, DEFAULT_PORT),
    host: options.host,
    ...(options.ledger !== undefined && { ledgerFile: options.ledger }),
  })
  process.stdout.write(`Pixelesq sandbox: ${started.url}\n`)
  for (const { name, role, token } of DEMO_TOKENS) process.stdout.write(`  token of role ${role} (${name}): ${token}\n`)
  process.stdout.write(
    `  state ${started.baseUrl}/sandbox/state   ledger ${started.baseUrl}/sandbox/ledger   faults POST ${started.baseUrl}/sandbox/faults\n`,
  )
  await untilSignal()
  await started.close()
  return EXIT.done
}

/** Reads a port of the command line. */
export function readPort(text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise
  const port = Number(text)
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw cliError(EXIT.usage, `--port: expected a port from 0 to 65535, found "${text}"`)
  return port
}
