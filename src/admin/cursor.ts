/** A place in a list, as text that callers pass back unread: the row below which to go on, and the epoch it belongs to. */
export function formatCursor(epoch: number, seq: number | null): string | null {
  return seq === null ? null : Buffer.from(`${epoch} ${seq}`).toString('base64url')
}

/** Reads a place in a list; null for what is none, or one of the database as it was before a restore. */
export function parseCursor(epoch: number, text: string): number | null {
  const match = /^(\d{1,10}) (\d{1,15})$/.exec(Buffer.from(text, 'base64url').toString('latin1'))
  return match === null || Number(match[1]) !== epoch ? null : Number(match[2])
}
