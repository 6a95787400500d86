import { failpoint } from '../../failpoint.ts'
import { readGauge, type StoreContext } from './context.ts'
import type { Operations, StoreMethod } from './operations.ts'
import { READS } from './operations.ts'

export interface Call {
  id: number
  method: StoreMethod
  ask: unknown
}
export type Reply = { id: number; ok: true; value: unknown } | { id: number; ok: false; error: unknown }

/**
 * Runs all calls that are waiting as one transaction with one fsync, and answers them after the commit.
 * Where one of them fails, the group is rolled back and each runs on its own, so that only the failing one fails.
 */
export function runGroup(context: StoreContext, operations: Operations, calls: readonly Call[]): Reply[] {
  const run = ({ method, ask }: Call): unknown => (operations[method] as (ask: unknown) => unknown)(ask)
  const writes = calls.filter(call => !READS.has(call.method))
  const replies = writes.length === 0 ? [] : commitTogether(context, writes, run)
  for (const call of calls) {
    if (!READS.has(call.method)) continue
    try {
      replies.push({ id: call.id, ok: true, value: run(call) })
    } catch (error) {
      replies.push({ id: call.id, ok: false, error })
    }
  }
  return replies
}

function commitTogether(context: StoreContext, writes: readonly Call[], run: (call: Call) => unknown): Reply[] {
  try {
    return inTransaction(context, () => writes.map(call => ({ id: call.id, ok: true, value: run(call) })))
  } catch (error) {
    if (writes.length === 1 || isOfDatabase(error)) return writes.map(call => ({ id: call.id, ok: false, error }))
    return writes.flatMap(call => commitTogether(context, [call], run))
  }
}

/**
 * True where the database failed, not a call: the whole group is refused. A lock that outlasted the busy time-out would
 * be waited for once a call, and after a failed fsync a second commit may succeed although the pages never reached the disk.
 */
function isOfDatabase(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  return /^SQLITE_(BUSY|LOCKED|IOERR|FULL|CORRUPT|NOTADB|READONLY|CANTOPEN|PROTOCOL|NOMEM)/.test(code)
}

function inTransaction<T>(context: StoreContext, work: () => T): T {
  const { db } = context
  context.statements.begin.run()
  try {
    const result = work()
    context.blocks.seal()
    context.audit.seal()
    failpoint('before_commit')
    context.statements.commit.run()
    failpoint('after_commit')
    return result
  } catch (error) {
    if (db.inTransaction) db.exec('rollback')
    context.windows.reset()
    context.blocks.discard()
    context.audit.reset()
    context.hashes.reset()
    context.words.reset()
    Object.assign(context.gauge, readGauge(db))
    throw error
  }
}
