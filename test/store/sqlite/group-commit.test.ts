import { join } from 'node:path'
import Database from 'better-sqlite3'
import t, { type Test } from 'tap'
import { type Call, type Reply, runGroup } from '../../../src/store/sqlite/group-commit.ts'
import { makeEvent } from '../../fixtures/make-event.ts'
import { type InProcessStore, openInProcess } from '../../fixtures/open-in-process.ts'
import { makeTempFolder } from '../../fixtures/open-temp-store.ts'

function open(t: Test): InProcessStore {
  const store = openInProcess(join(makeTempFolder(t), 'bridge.db'))
  t.teardown(() => store.close())
  return store
}

function record(id: number): Call {
  return { id, method: 'recordEvent', ask: makeEvent() }
}

const run = ({ context, operations }: InProcessStore, calls: readonly Call[]): Reply[] =>
  runGroup(context, operations, calls)

/** Makes the next commits fail with a code of SQLite, as a disk would. */
function failCommits(store: InProcessStore, code: string, times: number): { commits: number } {
  const { commit } = store.context.statements
  const seen = { commits: 0 }
  store.context.statements.commit = {
    run() {
      seen.commits++
      if (seen.commits <= times) throw new Database.SqliteError('disk I/O error', code)
      return commit.run()
    },
  } as unknown as typeof commit
  return seen
}

t.test('a group is one commit, and its answers come in order with the reads last', async t => {
  const store = open(t)
  const seen = failCommits(store, 'none', 0)
  const replies = run(store, [record(1), { id: 2, method: 'readBacklog', ask: undefined }, record(3)])
  t.same(
    replies.map(({ id, ok }) => ({ id, ok })),
    [
      { id: 1, ok: true },
      { id: 3, ok: true },
      { id: 2, ok: true },
    ],
  )
  t.match(replies[2], { value: { unroutedEvents: 2 } }, 'a read sees what its group wrote')
  t.equal(seen.commits, 1)
})

t.test('reads alone begin no transaction', async t => {
  const store = open(t)
  const seen = failCommits(store, 'none', 0)
  t.match(run(store, [{ id: 1, method: 'readBacklog', ask: undefined }]), [{ id: 1, ok: true }])
  t.equal(seen.commits, 0)
  t.same(run(store, []), [])
})

// a second commit may succeed although the pages of the first never reached the disk (fsync, PostgreSQL 2018)
for (const code of ['SQLITE_IOERR_FSYNC', 'SQLITE_IOERR_WRITE', 'SQLITE_FULL', 'SQLITE_BUSY']) {
  t.test(`after ${code} at the commit no call of the group is tried again, none is acknowledged`, async t => {
    const store = open(t)
    const seen = failCommits(store, code, 1)
    const replies = run(store, [record(1), record(2), record(3)])
    t.equal(seen.commits, 1)
    t.equal(replies.length, 3)
    for (const reply of replies) t.match(reply, { ok: false, error: { code } })
    t.equal(store.context.db.inTransaction, false)
    t.match(run(store, [{ id: 4, method: 'readBacklog', ask: undefined }]), [{ value: { unroutedEvents: 0 } }])
    t.match(run(store, [record(5)]), [{ ok: true }], 'the next group goes on')
  })
}

t.test('a call that fails by itself is the only one that fails', async t => {
  const store = open(t)
  const broken: Call = { id: 2, method: 'recordEvent', ask: { ...makeEvent(), method: null } }
  const replies = run(store, [record(1), broken, record(3)])
  t.same(
    replies.map(({ id, ok }) => ({ id, ok })),
    [
      { id: 1, ok: true },
      { id: 2, ok: false },
      { id: 3, ok: true },
    ],
  )
  t.match(run(store, [{ id: 4, method: 'readBacklog', ask: undefined }]), [
    { value: { unroutedEvents: 2, lastSeq: 2 } },
  ])
})
