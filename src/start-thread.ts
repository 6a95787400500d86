import v8 from 'node:v8'
import { Worker } from 'node:worker_threads'

/**
 * Half of what a thread has for short-lived objects, in MB; V8's default of 16 MB is filled before anything is collected.
 * Of store and judgement, 1 MB costs no time that can be measured.
 */
const SEMI_SPACE_MAX_MB = 1

/** Calls after which V8 compiles a way of its own from WebAssembly to JavaScript; this many are never made. */
const NEVER = 1_000_000_000

export interface ThreadOptions {
  workerData?: unknown
  /** Heap of the thread in MB; beyond it the thread ends, not the process. */
  heapMaxMb?: number
}

/** Starts a thread of the bridge from `<name>.ts` beside the module at `importer`, or from `<name>.js` once built. */
export function startThread(importer: string, name: string, options: ThreadOptions = {}): Worker {
  const extension = importer.endsWith('.ts') ? 'ts' : 'js'
  // Threads that run the sources each strip types in WebAssembly. Where one of them ends while another compiles such a
  // way, V8 13.6 (Node 24.21) can end the process: SIGABRT in WasmImportWrapperCache::Free, in about 1 of 7,500 threads.
  if (extension === 'ts') v8.setFlagsFromString(`--wasm-wrapper-tiering-budget=${NEVER}`)
  // A flag of the process outranks `resourceLimits`, and only heaps that are yet to be made heed it.
  v8.setFlagsFromString(`--max-semi-space-size=${SEMI_SPACE_MAX_MB}`)
  return new Worker(new URL(`./${name}.${extension}`, importer), {
    workerData: options.workerData,
    execArgv: [],
    resourceLimits: options.heapMaxMb === undefined ? {} : { maxOldGenerationSizeMb: options.heapMaxMb },
  })
}
