import { closeSync, openSync, writeSync } from 'node:fs'

/** Requests the ledger remembers; the oldest are dropped beyond it and counted in `dropped`. */
export const LEDGER_ENTRIES_MAX = 100_000
/** Bytes of request bodies that the remembered requests may sum up to; the oldest are dropped beyond it. */
export const LEDGER_BYTES_MAX = 256 * 1024 * 1024

export interface LedgerEntry {
  /** Counts from 1, without a gap, over every request with a JSON body. */
  seq: number
  /** Epoch milliseconds. */
  receivedAt: number
  /** Milliseconds of the monotonic clock, with fractions. */
  monotonicMs: number
  /** The same clock when the answer was ready or the socket destroyed; null while in flight. */
  finishedMs: number | null
  /** Name of the token, never the token; null where it was absent or wrong. */
  tokenName: string | null
  /** How many requests of the token were in flight, this one included; 0 where it was not admitted. */
  inFlight: number
  operationName: string | null
  variables: unknown
  mutation: boolean
  /** Whether the request changed anything. */
  applied: boolean
  /** Id of the last effect; null where there was none. */
  effectId: string | null
  effects: number
  resultId: string | null
  resultSlug: string | null
  /** Kind of the fault used. */
  fault: string | null
  /** HTTP status answered; null where no answer was sent. */
  status: number | null
  /** First `extensions.code` answered. */
  errorCode: string | null
}

export interface Effect {
  effectId: string
  seq: number
  at: number
  /** The mutation field. */
  mutation: string
  operationName: string | null
  tokenName: string | null
  resultId: string
  resultSlug: string | null
  variables: unknown
}

export interface LedgerPage {
  entries: LedgerEntry[]
  lastSeq: number
  /** Requests and effects that the ledger no longer remembers. */
  dropped: number
  effects: number
}

export interface Ledger {
  open(receivedAt: number, monotonicMs: number, bodyBytes: number): LedgerEntry
  /** Books one applied mutation, in the file first where there is one, so that it survives the process. */
  recordEffect(entry: LedgerEntry, effect: { mutation: string; resultId: string; resultSlug: string | null }): void
  read(since?: number): LedgerPage
  reset(): void
  close(): void
}

/** Every request received, in memory; with `file`, every effect also as one line of JSON, appended before the answer. */
export function createLedger(file: string | null): Ledger {
  const fd = file === null ? null : openSync(file, 'a', 0o600)
  let entries: LedgerEntry[] = []
  let sizes: number[] = []
  let head = 0
  let bytes = 0
  let lastSeq = 0
  let effects = 0

  function dropOldest(): void {
    while (entries.length - head > LEDGER_ENTRIES_MAX || (bytes > LEDGER_BYTES_MAX && entries.length - head > 1)) {
      bytes -= sizes[head] ?? 0
      head += 1
    }
    if (head <= LEDGER_ENTRIES_MAX) return
    entries = entries.slice(head)
    sizes = sizes.slice(head)
    head = 0
  }

  return {
    open(receivedAt, monotonicMs, bodyBytes) {
      lastSeq += 1
      const entry = createEntry(lastSeq, receivedAt, monotonicMs)
      entries.push(entry)
      sizes.push(bodyBytes)
      bytes += bodyBytes
      dropOldest()
      return entry
    },
    recordEffect(entry, { mutation, resultId, resultSlug }) {
      effects += 1
      const effectId = `eff_${effects}`
      Object.assign(entry, { applied: true, effectId, effects: entry.effects + 1, resultId, resultSlug })
      if (fd === null) return
      const { seq, operationName, tokenName, variables } = entry
      const at = Date.now()
      const effect: Effect = { effectId, seq, at, mutation, operationName, tokenName, resultId, resultSlug, variables }
      writeSync(fd, `${JSON.stringify(effect)}\n`)
    },
    read(since = 0) {
      const firstSeq = lastSeq - (entries.length - head) + 1
      const start = head + Math.max(0, since + 1 - firstSeq)
      return { entries: entries.slice(start), lastSeq, dropped: firstSeq - 1, effects }
    },
    reset() {
      entries = []
      sizes = []
      head = bytes = lastSeq = effects = 0
    },
    close() {
      if (fd !== null) closeSync(fd)
    },
  }
}

function createEntry(seq: number, receivedAt: number, monotonicMs: number): LedgerEntry {
  return {
    seq,
    receivedAt,
    monotonicMs,
    finishedMs: null,
    tokenName: null,
    inFlight: 0,
    operationName: null,
    variables: null,
    mutation: false,
    applied: false,
    effectId: null,
    effects: 0,
    resultId: null,
    resultSlug: null,
    fault: null,
    status: null,
    errorCode: null,
  }
}
