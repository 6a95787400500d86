import type { Epochs } from './epochs.ts'

type IdKind = 'evt' | 'job' | 'rej' | 'rpl'

/** Builds a public id: kind, epoch in which the row was made, row number. The epoch keeps ids apart across a restore. */
export function formatId(kind: IdKind, epochs: Epochs, seq: number): string {
  return `${kind}_${epochs.of(kind, seq).toString(36)}_${seq.toString(36)}`
}

/** The row number in an id of this kind, made in the epoch it names; null for anything else. */
export function parseId(kind: IdKind, epochs: Epochs, id: string): number | null {
  const match = /^(evt|job|rej|rpl)_([0-9a-z]{1,6})_([0-9a-z]{1,10})$/.exec(id)
  if (match === null || match[1] !== kind) return null
  const seq = Number.parseInt(match[3]!, 36)
  if (!Number.isSafeInteger(seq) || Number.parseInt(match[2]!, 36) !== epochs.of(kind, seq)) return null
  return seq
}
