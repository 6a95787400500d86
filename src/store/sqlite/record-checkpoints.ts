import type { SignedCheckpoint } from '../../audit/checkpoint.ts'
import type { StoreContext } from './context.ts'

/** Keeps signed points of the audit beside its rows. */
export function recordCheckpoints({ db }: StoreContext): (checkpoints: readonly SignedCheckpoint[]) => void {
  const insert = db.prepare(`
    insert into audit_checkpoint (seq, at, epoch, hash, previous, public_key, signature)
    values (@seq, @at, @epoch, @hash, @previous, @publicKey, @signature)`)
  return checkpoints => {
    for (const checkpoint of checkpoints) insert.run(checkpoint)
  }
}
