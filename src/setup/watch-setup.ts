import { type FSWatcher, watch } from 'node:fs'
import { basename, dirname } from 'node:path'
import type { Config } from '../config/load-config.ts'

/** Editors write in several steps: changes within this time are one. The whole reload must be in force within 1 s. */
const SETTLE_MS = 100

export interface SetupWatch {
  close(): void
}

/** Watches `bridge.json`, `.env` beside it and the mapping folder, and calls `onChange` once things are quiet. */
export function watchSetup(config: Config, onChange: () => void, onError: (error: Error) => void): SetupWatch {
  let timer: NodeJS.Timeout | null = null
  const changed = (): void => {
    if (timer !== null) clearTimeout(timer)
    timer = setTimeout(onChange, SETTLE_MS)
  }
  // the folder, not the file: a file replaced by renaming would be lost from sight
  const names = new Set([basename(config.file), '.env'])
  const watchers: FSWatcher[] = [
    watch(dirname(config.file), (_event, name) => {
      if (name === null || names.has(name)) changed()
    }),
    watch(config.mappingsFolder, { recursive: true }, changed),
  ]
  for (const watcher of watchers) watcher.on('error', onError)
  return {
    close() {
      if (timer !== null) clearTimeout(timer)
      for (const watcher of watchers) watcher.close()
    },
  }
}
