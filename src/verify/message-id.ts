import { createHash } from 'node:crypto'

/** Longest message id taken, in bytes. */
export const MESSAGE_ID_BYTES_MAX = 256

/**
 * Whether a text can be a message id. A dot would make the signed content `id.timestamp.body` readable in two ways
 * (the Standard Webhooks specification forbids it), control characters would end up in logs and keys.
 */
export function isMessageId(text: string): boolean {
  return text.length > 0 && text.length <= MESSAGE_ID_BYTES_MAX && !/[.\x00-\x1f\x7f-\x9f]/.test(text)
}

/** Makes the id of a delivery that we send ourselves; the same body at the same instant gets the same id. */
export function makeMessageId(body: Buffer, now: number): string {
  return `msg_${createHash('sha256').update(`${now}.`).update(body).digest('hex').slice(0, 27)}`
}
