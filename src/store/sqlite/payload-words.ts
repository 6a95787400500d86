import type Database from 'better-sqlite3'

/** Events of a span, at most: its index is 2.5 MB of GitHub's payloads, and is dropped as one within 1 ms. */
const SPAN_EVENTS_MAX = 8_192
/** Time from the first to the last event of a span: so much longer than its payload may the words of an event be kept. */
const SPAN_MS = 86_400_000
/** Spans that are searched a call, so that no delivery waits long for it. */
const SPANS_SEARCHED_MAX = 32

/** An event with the numbers of its words (src/search), in the order of routing. */
export interface EventWords {
  eventSeq: number
  words: string
  routedAt: number
}

/** Events that have the words, newest first; `from`: none other from there on has them, but older ones may. */
export interface WordsFound {
  seqs: readonly number[]
  from: number
}

/**
 * Which words are in which payloads, by their numbers. Neighbouring events form a span with an FTS5 index of its own, which
 * goes as a whole: FTS5 takes single rows out of an index either for 1.2 ms each or by writing all of it anew, a second and
 * more at a time (decision 0024).
 */
export interface PayloadWords {
  append(events: readonly EventWords[]): void
  /** Finds events that have all of these words, between two row numbers, `limit` at most: a bounded part of the index a call. */
  search(words: readonly string[], bounds: { from: number; before: number }, limit: number): WordsFound
  /** When the first event that is indexed was routed; null = none is. */
  readBegunAt(): number | null
  /** Drops the oldest span if all of its events were routed before that; says whether it did. */
  dropBefore(at: number): boolean
  /** Forgets what was read; after a rollback. */
  reset(): void
}

interface Span {
  seq: number
  first_event: number
  begun_at: number
}

function hasPlaceFor({ eventSeq, routedAt }: EventWords, { first_event, begun_at }: Span): boolean {
  return eventSeq < first_event + SPAN_EVENTS_MAX && routedAt < begun_at + SPAN_MS
}

function tableOf(span: number): string {
  return `payload_words_${span}`
}

/** Prepares the index of one database. */
export function createPayloadWords(db: Database.Database): PayloadWords {
  const newest = db.prepare<[], Span>('select seq, first_event, begun_at from word_span order by seq desc limit 1')
  const begin = db.prepare<[number, number, number, number], Span>(`
    insert into word_span (first_event, last_event, begun_at, last_at)
    values (?, ?, ?, ?)
    returning seq, first_event, begun_at`)
  const extend = db.prepare('update word_span set last_event = ?, last_at = max(last_at, ?) where seq = ?')
  const overlapping = db.prepare<[number, number, number], { seq: number; first_event: number }>(`
    select seq, first_event
    from word_span
    where first_event < ? and last_event >= ?
    order by seq desc
    limit ?`)
  const oldest = db.prepare<[], { seq: number; begun_at: number; last_at: number }>(
    'select seq, begun_at, last_at from word_span order by seq limit 1',
  )
  const remove = db.prepare('delete from word_span where seq = ?')
  let open: { span: Span; insert: Database.Statement<[number, string]> } | null = null

  const openSpan = (span: Span) => ({
    span,
    insert: db.prepare<[number, string]>(`insert into ${tableOf(span.seq)} (rowid, words) values (?, ?)`),
  })
  const searchSpan = (span: number) => {
    const table = tableOf(span)
    return db
      .prepare<[string, number, number, number], number>(`
        select rowid
        from ${table}
        where ${table} match ? and rowid >= ? and rowid < ?
        order by rowid desc
        limit ?`)
      .pluck()
  }
  const spanFor = (event: EventWords) => {
    const last = open === null ? newest.get() : undefined
    if (last !== undefined) open = openSpan(last)
    if (open !== null && hasPlaceFor(event, open.span)) return open
    const { eventSeq, routedAt } = event
    const span = begin.get(eventSeq, eventSeq, routedAt, routedAt)!
    // only which event has which word; the numbers are ASCII, and the rows are never deleted one by one
    db.exec(`create virtual table ${tableOf(span.seq)} using fts5(words, content='', detail=none, tokenize='ascii')`)
    open = openSpan(span)
    return open
  }

  return {
    append(events) {
      let lastAt = 0
      for (const [n, event] of events.entries()) {
        const { span, insert } = spanFor(event)
        insert.run(event.eventSeq, event.words)
        lastAt = Math.max(lastAt, event.routedAt)
        // once for all that a batch adds to a span
        const next = events[n + 1]
        if (next !== undefined && hasPlaceFor(next, span)) continue
        extend.run(event.eventSeq, lastAt, span.seq)
        lastAt = 0
      }
    },
    search(words, { from, before }, limit) {
      const spans = overlapping.all(before, from, SPANS_SEARCHED_MAX)
      const match = words.map(word => `"${word}"`).join(' ')
      const seqs: number[] = []
      for (const span of spans) {
        seqs.push(...searchSpan(span.seq).all(match, from, before, limit - seqs.length))
        if (seqs.length === limit) return { seqs, from: seqs.at(-1)! }
      }
      const isCut = spans.length === SPANS_SEARCHED_MAX
      return { seqs, from: isCut ? Math.max(from, spans.at(-1)!.first_event) : from }
    },
    readBegunAt: () => oldest.get()?.begun_at ?? null,
    dropBefore(at) {
      const span = oldest.get()
      if (span === undefined || span.last_at >= at) return false
      db.exec(`drop table ${tableOf(span.seq)}`)
      remove.run(span.seq)
      open = null
      return true
    },
    reset() {
      open = null
    },
  }
}
