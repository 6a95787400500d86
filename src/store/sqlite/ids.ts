type IdKind = 'evt' | 'job' | 'rej'

/** Builds a public id: kind, epoch of the database, row number. The epoch keeps ids apart across a restore. */
export function formatId(kind: IdKind, epoch: number, seq: number): string {
  return `${kind}_${epoch.toString(36)}_${seq.toString(36)}`
}

/** The row number in an id of this kind and epoch; null for anything else. */
export function parseId(kind: IdKind, epoch: number, id: string): number | null {
  const match = /^(evt|job|rej)_([0-9a-z]{1,6})_([0-9a-z]{1,10})$/.exec(id)
  if (match === null || match[1] !== kind || Number.parseInt(match[2]!, 36) !== epoch) return null
  const seq = Number.parseInt(match[3]!, 36)
  return Number.isSafeInteger(seq) ? seq : null
}
