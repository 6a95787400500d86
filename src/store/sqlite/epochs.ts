import type Database from 'better-sqlite3'

/** Kinds of rows that were there in earlier epochs and kept their ids. */
const FIRST = { evt: 'first_event', job: 'first_job' } as const

/** In which epoch each row was made: an id is the same before and after a restore, and never another row's. */
export interface Epochs {
  current: number
  of(kind: string, seq: number): number
  /** Whether a row was made before the last restore. */
  isBeforeRestore(kind: keyof typeof FIRST, seq: number): boolean
}

interface EpochRow {
  number: number
  first_event: number
  first_job: number
}

/** Reads the epochs of a database: one a restore, and the first. */
export function readEpochs(db: Database.Database): Epochs {
  const rows = db
    .prepare<[], EpochRow>('select number, first_event, first_job from epoch order by number desc')
    .all() as [EpochRow, ...EpochRow[]]
  const [newest] = rows
  const of = (kind: string, seq: number): number => {
    if (kind !== 'evt' && kind !== 'job') return newest.number
    return (rows.find(row => row[FIRST[kind]] <= seq) ?? newest).number
  }
  return { current: newest.number, of, isBeforeRestore: (kind, seq) => seq < newest[FIRST[kind]] }
}
