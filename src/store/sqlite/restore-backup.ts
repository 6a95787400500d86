import {
  chmodSync,
  closeSync,
  constants,
  copyFileSync,
  existsSync,
  fsyncSync,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs'
import { dirname } from 'node:path'
import Database from 'better-sqlite3'
import { anchorsFileOf, readAnchoredEpoch } from '../../audit/anchors.ts'
import { BridgeError } from '../../errors.ts'
import { BRIDGE_ACTOR } from '../audit.ts'
import type { BackupFacts } from '../backup.ts'
import { createAuditLog } from './audit-log.ts'
import { checkCopy, hashFile } from './check-copy.ts'
import { createPrivateFile, lockDatabase } from './connect.ts'
import { OPEN } from './job-states.ts'
import { migrate } from './migrate.ts'

const HOUR_MS = 3_600_000

export interface Restore {
  /** The copy; it is left as it is. */
  backup: string
  /** What its manifest says. */
  facts: BackupFacts
  /** The database that it takes the place of. */
  file: string
  now: number
}

export interface RestoredBackup {
  epoch: number
  /** Jobs that were open when the copy was made, and events that were not routed: what they write may be done. */
  unsure: { jobs: number; events: number }
  /** Where the database that was there lies now; null where there was none. */
  aside: string | null
  /** Tokens that were stopped after the copy was made, and are stopped in it now. */
  tokensStopped: number
}

/**
 * Puts a backup in the place of the database, whole or not at all. What was there is renamed, never deleted. A new epoch
 * begins: what the backup holds unfinished may be done meanwhile (decision 0021).
 * Throws `store_locked` while a bridge runs, `backup_invalid` where the copy is not what its manifest says, `store_newer`.
 */
export function restoreBackup({ backup, facts, file, now }: Restore): RestoredBackup {
  if (hashFile(backup) !== facts.sha256)
    throw new BridgeError('backup_invalid', `"${backup}" is not the file its manifest describes: the SHA-256 differs`)
  const lock = lockDatabase(file)
  const place = realpathSync(file)
  const copy = `${place}.restoring`
  try {
    for (const suffix of ['', '-journal', '-wal', '-shm']) rmSync(copy + suffix, { force: true })
    createPrivateFile(copy)
    copyFileSync(backup, copy, constants.COPYFILE_FICLONE)
    // it has taken over the mode of the backup
    chmodSync(copy, 0o600)
    compareFacts(backup, checkCopy(copy), facts)
    // taking the lock has made an empty file where there was none
    const wasThere = statSync(place).size > 0
    const present = wasThere ? closePresent(place) : null
    const epoch = nextEpoch([facts.epoch, readAnchoredEpoch(anchorsFileOf(place))], present, now)
    const begun = beginEpoch(copy, epoch, present, facts, now)
    const aside = wasThere ? setAside(place, now) : null
    renameSync(copy, place)
    syncFolder(dirname(place))
    return { ...begun, aside }
  } catch (error) {
    rmSync(copy, { force: true })
    throw error
  } finally {
    lock.close()
  }
}

function compareFacts(backup: string, found: BackupFacts, expected: BackupFacts): void {
  for (const name of ['schemaVersion', 'epoch', 'rows', 'last', 'auditHead'] as const) {
    const [is, said] = [JSON.stringify(found[name]), JSON.stringify(expected[name])]
    if (is !== said)
      throw new BridgeError('backup_invalid', `"${backup}": expected ${name} ${said} by its manifest, found ${is}`)
  }
}

/** What of the database that is to be replaced must outlive it. */
interface Present {
  epoch: number
  /** Tokens with which nothing may be sent any more. */
  stopped: readonly {
    integration: string
    fingerprint: string
    state: string
    first_seen_at: number
    revoked_at: number | null
  }[]
}

/**
 * Brings what is in the WAL into the database file, so that the two cannot be parted, and reads what must not be lost.
 * Null where it is too damaged for that.
 */
function closePresent(file: string): Present | null {
  let db: Database.Database | null = null
  try {
    db = new Database(file)
    db.pragma('wal_checkpoint(truncate)')
    return {
      epoch: db.prepare<[], number>(`select value from meta where name = 'epoch'`).pluck().get()!,
      stopped: db
        .prepare<[], Present['stopped'][number]>(`
          select integration, fingerprint, state, first_seen_at, revoked_at
          from token
          where state in ('refused', 'revoked')`)
        .all(),
    }
  } catch (error) {
    if (error instanceof Database.SqliteError) return null
    throw error
  } finally {
    db?.close()
  }
}

/** Begins a new epoch in the copy: rows keep their ids, new ones get others than those made since; unfinished work is doubted. */
function beginEpoch(
  copy: string,
  epoch: number,
  present: Present | null,
  facts: BackupFacts,
  now: number,
): Omit<RestoredBackup, 'aside'> {
  const db = new Database(copy)
  try {
    db.pragma('synchronous = full')
    migrate(db)
    return db.transaction(() => {
      const one = (sql: string): number => db.prepare<[], number>(sql).pluck().get()!
      const routedSeq = one(`select value from meta where name = 'routed_seq'`)
      const lastEvent = Math.max(routedSeq, facts.last.event)
      const lastJob = one(`select coalesce(max(seq), 0) from sqlite_sequence where name = 'job'`)
      db.prepare('insert into epoch (number, first_event, first_job, restored_at) values (?, ?, ?, ?)').run(
        epoch,
        lastEvent + 1,
        lastJob + 1,
        now,
      )
      db.prepare(`update meta set value = ? where name = 'epoch'`).run(epoch)
      const jobs = one(`select count(*) from job where state in ${OPEN}`)
      // a dead one too: it may have been retried since
      db.exec(`update job set restored = 'unsure' where state not in ('succeeded', 'superseded')`)
      const tokensStopped = stopTokens(db, present)
      const unsure = { jobs, events: lastEvent - routedSeq }
      const detail = { epoch, from: facts.epoch, last: facts.last, auditHead: facts.auditHead, unsure, tokensStopped }
      const audit = createAuditLog(db)
      audit.append({ at: now, actor: BRIDGE_ACTOR, action: 'store.restored', detail })
      audit.seal()
      return { epoch, unsure, tokensStopped }
    })()
  } finally {
    db.close()
  }
}

/** Higher than any that ids have been made with. Where no one can tell, the hour is a number no earlier restore can have had. */
function nextEpoch(known: readonly number[], present: Present | null, now: number): number {
  if (present === null) return Math.max(...known.map(epoch => epoch + 1), Math.floor(now / HOUR_MS))
  return Math.max(...known, present.epoch) + 1
}

/** A token that was revoked, or refused, after the backup must not come back into use with it. */
function stopTokens(db: Database.Database, present: Present | null): number {
  const stop = db.prepare(`
    insert into token (integration, fingerprint, state, first_seen_at, revoked_at)
    values (@integration, @fingerprint, @state, @first_seen_at, @revoked_at)
    on conflict (integration, fingerprint) do update
    set state = excluded.state, revoked_at = excluded.revoked_at
    where state <> excluded.state`)
  return (present?.stopped ?? []).reduce((stopped, token) => stopped + stop.run(token).changes, 0)
}

/** Renames the database and what SQLite keeps beside it; gives its new name. */
function setAside(file: string, now: number): string {
  const aside = `${file}.before-restore-${new Date(now).toISOString().replace(/[:.]/g, '-')}`
  // the WAL is empty unless the database is damaged
  for (const suffix of ['-wal', '-shm', '']) if (existsSync(file + suffix)) renameSync(file + suffix, aside + suffix)
  return aside
}

function syncFolder(folder: string): void {
  const fd = openSync(folder, 'r')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}
