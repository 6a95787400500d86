import type Database from 'better-sqlite3'

/**
 * Events whose hashes are kept in memory before they are written. Among a million events each page of the table then gets
 * three of them at once; with 1,024 nearly each got one, and ingest fell to 0.78 of that into an empty store.
 */
const WRITE_EVENTS = 8_192

/**
 * Finds events by the hash of their key, or of what was signed. The newest are in memory and written in order, many at
 * once: by themselves each would dirty a page of the index. A start reads them from the events again.
 */
export interface EventHashes {
  /** Events that may have it, oldest first; hashes of 52 bits may collide. */
  find(hash: number): number[]
  /** Notes the newest event; before the commit, in its transaction. */
  add(eventSeq: number, hashes: readonly number[]): void
  /** Forgets an event that is deleted in this transaction. */
  forget(eventSeq: number, hashes: readonly number[]): void
  /** After a rollback: memory is what the events say. */
  reset(): void
}

interface EventRow {
  seq: number
  key_hash: number
  replay_hash: number | null
}

/** Reads the newest hashes of one open database. */
export function createEventHashes(db: Database.Database): EventHashes {
  const readWritten = db.prepare<[], number>(`select value from meta where name = 'hashed_seq'`).pluck()
  const newest = db.prepare<[number], EventRow>(
    'select seq, key_hash, replay_hash from event where seq > ? order by seq',
  )
  const select = db
    .prepare<[number], number>('select event_seq from event_hash where hash = ? order by event_seq')
    .pluck()
  const insert = db.prepare('insert or ignore into event_hash (hash, event_seq) values (?, ?)')
  const remove = db.prepare('delete from event_hash where hash = ? and event_seq = ?')
  const setWritten = db.prepare(`update meta set value = ? where name = 'hashed_seq'`)
  let recent = new Map<number, number[]>()
  let events = 0

  const note = (eventSeq: number, hashes: readonly number[]): void => {
    events++
    for (const hash of hashes) {
      const known = recent.get(hash)
      if (known === undefined) recent.set(hash, [eventSeq])
      else known.push(eventSeq)
    }
  }
  const reset = (): void => {
    recent = new Map()
    events = 0
    for (const row of newest.all(readWritten.get()!)) note(row.seq, hashesOf(row))
  }
  const write = (throughSeq: number): void => {
    for (const hash of [...recent.keys()].sort((a, b) => a - b))
      for (const eventSeq of recent.get(hash)!) insert.run(hash, eventSeq)
    setWritten.run(throughSeq)
    recent = new Map()
    events = 0
  }
  reset()

  return {
    find: hash => [...select.all(hash), ...(recent.get(hash) ?? [])],
    add(eventSeq, hashes) {
      note(eventSeq, hashes)
      if (events >= WRITE_EVENTS) write(eventSeq)
    },
    forget(eventSeq, hashes) {
      for (const hash of hashes) {
        remove.run(hash, eventSeq)
        const known = recent.get(hash)
        if (known !== undefined)
          recent.set(
            hash,
            known.filter(seq => seq !== eventSeq),
          )
      }
    },
    reset,
  }
}

/** The hashes of an event's row. */
export function hashesOf({ key_hash, replay_hash }: Pick<EventRow, 'key_hash' | 'replay_hash'>): number[] {
  return replay_hash === null ? [key_hash] : [key_hash, replay_hash]
}
