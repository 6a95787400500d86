/**
 * Reasons a `hold` may begin with, those of the shipped actions. A closed list: a message may hold text of the payload,
 * and reasons are counted and filtered by.
 */
const HOLD_REASONS: readonly string[] = [
  'slug_suffixed',
  'slug_taken',
  'entry_not_found',
  'redirect_taken',
  'required_missing',
]

/** Reads the message of a `hold`: `slug_suffixed: the entry …` has that reason, any other message `mapping_held`. Pure. */
export function readHold(text: string): { reason: string; message: string } {
  const reason = HOLD_REASONS.find(name => text.startsWith(`${name}: `))
  if (reason === undefined) return { reason: 'mapping_held', message: text }
  const message = text.slice(reason.length + 2)
  return { reason, message: message.slice(0, 1).toUpperCase() + message.slice(1) }
}
