import { type FSWatcher, watch } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import type { Config } from '../config/load-config.ts'

/** Editors write in several steps: changes within this time are one. The whole reload must be in force within 1 s. */
const SETTLE_MS = 100
/** Changes that never pause are looked at all the same after this. */
const SETTLE_MAX_MS = 500

export interface SetupWatch {
  /** Another configuration came into force: its files may lie elsewhere. */
  follow(config: Config): void
  close(): void
}

/**
 * Watches `bridge.json`, the `.env` that was read, and the mapping folder with its operations, and calls `onChange` once
 * things are quiet. Folders are watched, not files, and none recursively: of a file that was replaced by renaming, as
 * editors and git do, Node's recursive watch on Linux sees no later change (Node 24.21).
 */
export function watchSetup(config: Config, onChange: () => void, onError: (error: Error) => void): SetupWatch {
  let current = config
  let watchers: FSWatcher[] = []
  let timer: NodeJS.Timeout | null = null
  let changedAt: number | null = null

  const changed = (): void => {
    const now = performance.now()
    changedAt ??= now
    if (timer !== null) clearTimeout(timer)
    timer = setTimeout(fire, Math.min(SETTLE_MS, Math.max(0, changedAt + SETTLE_MAX_MS - now)))
  }
  const fire = (): void => {
    changedAt = null
    // folders may have come or been replaced; watched before they are read, so that nothing falls in between
    attach()
    onChange()
  }
  const attach = (): void => {
    const before = watchers
    watchers = foldersOf(current).flatMap(({ folder, isOurs }) => {
      try {
        const watcher = watch(folder, (_event, name) => {
          if (name === null || isOurs(name)) changed()
        })
        return [watcher.on('error', onError)]
      } catch (error) {
        if (!isAbsent(error)) onError(error as Error)
        return []
      }
    })
    for (const watcher of before) watcher.close()
  }
  attach()

  return {
    follow(config) {
      const moved = config.mappingsFolder !== current.mappingsFolder
      current = config
      if (moved) changed()
    },
    close() {
      if (timer !== null) clearTimeout(timer)
      for (const watcher of watchers) watcher.close()
      watchers = []
    },
  }
}

interface Watched {
  folder: string
  isOurs: (name: string) => boolean
}

function foldersOf({ file, envFile, mappingsFolder }: Config): Watched[] {
  const isMapping = (name: string): boolean => /^[^.].*\.(json|graphql)$/.test(name)
  const only = (path: string): Watched => ({ folder: dirname(path), isOurs: name => name === basename(path) })
  return [
    only(file),
    only(envFile),
    only(mappingsFolder),
    { folder: mappingsFolder, isOurs: name => isMapping(name) || name === 'operations' },
    { folder: join(mappingsFolder, 'operations'), isOurs: isMapping },
  ]
}

function isAbsent(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')
}
