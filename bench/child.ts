import { type ChildProcess, execFile, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { readServiceCommand } from './service-command.ts'

const COMMAND = readServiceCommand(new URL('../src/cli.ts', import.meta.url))

export interface Child {
  port: number
  startMs: number
  pid: number
  ask<T>(what: string): Promise<T>
  stop(): Promise<void>
}

/**
 * Starts a script beside this file in a process of its own and waits until it listens; its output goes nowhere.
 * The service runs with the flags of the installed command.
 */
export async function startChild(script: string, args: readonly string[] = []): Promise<Child> {
  const { env, flags } = script.endsWith('bridge-server.ts') ? COMMAND : { env: {}, flags: [] }
  const child: ChildProcess = fork(fileURLToPath(new URL(script, import.meta.url)), args, {
    execArgv: flags,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const waiting = new Map<number, (answer: unknown) => void>()
  let lastId = 0
  const started = await new Promise<{ port: number; startMs?: number }>((resolve, reject) => {
    child.once('message', message => resolve(message as { port: number }))
    child.once('exit', code => reject(new Error(`${script} ended with ${code}`)))
  })
  child.on('message', message => {
    const { id, answer } = message as { id: number; answer: unknown }
    waiting.get(id)?.(answer)
    waiting.delete(id)
  })
  return {
    port: started.port,
    startMs: started.startMs ?? 0,
    pid: child.pid!,
    ask: <T>(what: string) =>
      new Promise<T>(resolve => {
        waiting.set(++lastId, resolve as (answer: unknown) => void)
        child.send({ id: lastId, what })
      }),
    stop: () =>
      new Promise<void>(resolve => {
        child.removeAllListeners('exit')
        child.once('exit', () => resolve())
        child.kill('SIGTERM')
      }),
  }
}

/** Waits until the service has routed every event it holds; gives how long that took, in ms. */
export async function waitUntilRouted(bridge: Child): Promise<number> {
  const startedAt = performance.now()
  while ((await bridge.ask<{ unroutedEvents: number }>('backlog')).unroutedEvents > 0)
    await new Promise(resolve => setTimeout(resolve, 5))
  return performance.now() - startedAt
}

export interface LoadResult {
  requests: number
  perSecond: number
  p50Ms: number
  p99Ms: number
  failed: number
}

/** Runs the load generator to its end. `rate` 0 = as fast as answers come. */
export function runLoad(load: {
  port: number
  connections: number
  seconds: number
  rate?: number
  secret: string
}): Promise<LoadResult> {
  const script = fileURLToPath(new URL('load.ts', import.meta.url))
  const args = [script, load.port, '/hooks/github', load.connections, load.seconds, load.rate ?? 0, load.secret].map(
    String,
  )
  return new Promise((resolve, reject) => {
    execFile(process.execPath, args, (error, stdout) =>
      error === null ? resolve(JSON.parse(stdout) as LoadResult) : reject(error),
    )
  })
}
