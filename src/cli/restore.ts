import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { manifestPath, parseManifest } from '../backup/manifest.ts'
import { type RestoredBackup, restoreBackup } from '../store/sqlite/restore-backup.ts'
import { cliError, EXIT } from './exit.ts'
import { say } from './list-rows.ts'
import { loadConfigOrExit } from './load-setup-or-exit.ts'

interface RestoreOptions {
  config?: string
  json?: boolean
}

/** Puts a backup in the place of the database of a service that does not run. */
export function restore(name: string, options: RestoreOptions): number {
  const { storeFile } = loadConfigOrExit(options)
  const backup = resolve(name)
  for (const path of [backup, manifestPath(backup)])
    if (!existsSync(path)) throw cliError(EXIT.failed, `${path}: expected a backup and its manifest, found no file`)
  const facts = parseManifest(readFileSync(manifestPath(backup), 'utf8'), manifestPath(backup))
  const restored = restoreBackup({ backup, facts, file: storeFile, now: Date.now() })
  if (options.json === true) say(JSON.stringify({ store: storeFile, madeAt: facts.madeAt, ...restored }))
  else print(storeFile, facts.madeAt, restored)
  return EXIT.done
}

function print(file: string, madeAt: string, { epoch, unsure, aside, tokensStopped }: RestoredBackup): void {
  say(`${file}  as of ${madeAt}, epoch ${epoch}`)
  if (aside !== null) say(`  what was there is kept: ${aside}`)
  if (tokensStopped > 0) say(`  ${tokensStopped} tokens that were stopped since stay stopped`)
  say(`  ${unsure.jobs} open jobs and ${unsure.events} events not yet routed may have been worked on since:`)
  say('  once the service runs, the API is asked about their writes, and what it cannot be asked is held for a person')
  say('  see jobs --state held,in_doubt; what came in after the backup is not in it: let its senders deliver again')
}
