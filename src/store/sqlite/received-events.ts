import type Database from 'better-sqlite3'

/** Events remembered: what is recorded in a second at the highest rate, because routing follows within one. */
const EVENTS_MAX = 8_192

/** What the audit says of an event that was received. */
export interface ReceivedEvent {
  source: string
  receivedAt: number
  bodyBytes: number
  /** SHA-256 in hex; null for one that was recorded before it was kept. */
  payloadHash: string | null
}

/** Events on their way from custody to routing, so that the row of each need not be read back for its account. */
export interface ReceivedEvents {
  add(seq: number, event: ReceivedEvent): void
  /** Gives an event and forgets it. */
  take(seq: number): ReceivedEvent | undefined
}

/** Prepares the memory of one database. */
export function createReceivedEvents(db: Database.Database): ReceivedEvents {
  const select = db.prepare<[number], ReceivedEvent>(`
    select source, received_at as receivedAt, body_bytes as bodyBytes, lower(hex(body_hash)) as payloadHash
    from event
    where seq = ?`)
  const known = new Map<number, ReceivedEvent>()

  const read = (seq: number): ReceivedEvent | undefined => {
    const row = select.get(seq)
    // hex() makes an empty text of null
    return row?.payloadHash === '' ? { ...row, payloadHash: null } : row
  }
  return {
    // after a roll-back the same number comes again, with what is true then
    add(seq, event) {
      if (known.size >= EVENTS_MAX) known.clear()
      known.set(seq, event)
    },
    take(seq) {
      const event = known.get(seq)
      if (event === undefined) return read(seq)
      known.delete(seq)
      return event
    },
  }
}
