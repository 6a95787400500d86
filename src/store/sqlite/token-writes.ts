import type { FinishAttempt } from '../attempts.ts'
import type { TokenWrites } from '../tokens.ts'
import type { StoreContext } from './context.ts'

interface Written {
  token: string
  operation: string
  effect: string
  step: string
  mapping: string
  integration: string
}

/** Prepares counting a write for its token, where an attempt turns out to have been one. */
export function prepareCountWrite({ db }: StoreContext): (finish: FinishAttempt) => void {
  const columns = 'attempt.token, attempt.operation, attempt.effect, attempt.step, attempt.integration, job.mapping'
  const read = db.prepare<[number], Written>(`
    select ${columns}
    from attempt
    join job on job.seq = attempt.job_seq
    where attempt.seq = ?`)
  const lost = db.prepare<[number, string], Written>(`
    select ${columns}
    from attempt
    join job on job.seq = attempt.job_seq
    where attempt.job_seq = ? and attempt.step = ? and attempt.effect <> 'read'
    order by attempt.seq desc
    limit 1`)
  const count = db.prepare(`
    insert into token_write (integration, fingerprint, mapping, operation, writes, last_at)
    values (@integration, @token, @mapping, @operation, 1, @now)
    on conflict (integration, fingerprint, mapping, operation) do update
    set writes = writes + 1, last_at = excluded.last_at`)

  return ({ attemptSeq, jobSeq, outcome, progress, now }) => {
    if (outcome !== 'applied') return
    const attempt = read.get(attemptSeq)
    if (attempt === undefined) return
    if (attempt.effect !== 'read') return void count.run({ ...attempt, now })
    // a lost answer was asked for (its step is "<step>?") and found: the write was that of the token then
    const found = progress.doubt === null ? progress.done.at(-1) : undefined
    if (found === undefined || attempt.step !== `${found.id}?`) return
    const write = lost.get(jobSeq, found.id)
    if (write !== undefined) count.run({ ...write, now })
  }
}

/** Reads what each token wrote, by mapping and operation. */
export function readTokenWrites({ db }: StoreContext): () => TokenWrites[] {
  const select = db.prepare<[], TokenWrites>(`
    select integration, fingerprint as token, mapping, operation, writes, last_at as lastAt
    from token_write
    order by integration, fingerprint, mapping, operation`)
  return () => select.all()
}
