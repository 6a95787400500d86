import { parentPort } from 'node:worker_threads'
import { BridgeError } from '../../errors.ts'
import { startThread } from '../../start-thread.ts'
import type { WireError } from './wire.ts'
import { errorFromWire, wireError } from './wire-error.ts'

type FromTask<T> = { ok: true; value: T } | { ok: false; error: WireError }

/**
 * Runs one long task on the database in a thread of its own, `<name>.ts` beside this file, and gives what it answers.
 * Throws what it throws, and `shutting_down` where the signal ends it.
 */
export async function runInThread<T>(name: string, workerData: unknown, signal: AbortSignal): Promise<T> {
  const thread = startThread(import.meta.url, name, { workerData })
  const end = (): void => void thread.terminate()
  signal.addEventListener('abort', end, { once: true })
  try {
    const answer = await new Promise<FromTask<T>>((resolve, reject) => {
      thread.once('message', resolve)
      thread.once('error', reject)
      thread.once('exit', () => reject(new BridgeError('shutting_down', 'The task was given up')))
      if (signal.aborted) end()
    })
    if (answer.ok) return answer.value
    throw errorFromWire(answer.error)
  } finally {
    signal.removeEventListener('abort', end)
    end()
  }
}

/** The thread's side: answers with what the task gives, or with its error. */
export async function answerWith<T>(task: () => T | Promise<T>): Promise<void> {
  let answer: FromTask<T>
  try {
    answer = { ok: true, value: await task() }
  } catch (error) {
    answer = { ok: false, error: wireError(error) }
  }
  parentPort!.postMessage(answer)
}
