import type { KeptCredential } from '../receipts.ts'
import type { RejectedDetail } from '../reports.ts'
import type { StoreContext } from './context.ts'
import { parseId } from './ids.ts'

type Row = Omit<RejectedDetail, 'id' | 'headers' | 'credentials'> & { headers: string; credentials: string }

/** Reads a refused delivery that is kept in full. */
export function readRejected({ db, epoch }: StoreContext): (id: string) => RejectedDetail | null {
  const select = db.prepare<[number], Row>(`
    select source, reason, received_at as receivedAt, method, type, query, headers, body, credentials
    from rejected_sample
    where seq = ?`)
  return id => {
    const seq = parseId('rej', epoch, id)
    const row = seq === null ? undefined : select.get(seq)
    if (row === undefined) return null
    const headers = JSON.parse(row.headers) as string[]
    const credentials = JSON.parse(row.credentials) as KeptCredential[]
    return { ...row, id, headers, credentials }
  }
}
