import { execFile } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import Database from 'better-sqlite3'
import t from 'tap'
import { BridgeError } from '../../../src/errors.ts'
import { connect } from '../../../src/store/sqlite/connect.ts'
import { openSqliteStore } from '../../../src/store/sqlite/open-store.ts'
import { NOW } from '../../fixtures/drive-store.ts'
import { makeEvent } from '../../fixtures/make-event.ts'
import { makeTempFolder, openTempStore } from '../../fixtures/open-temp-store.ts'

const onFatal = (): void => {}

const MIGRATIONS = new URL('../../../src/store/migrations/', import.meta.url)
/** Schema version of this release: one a migration. */
const VERSION = readdirSync(MIGRATIONS).length

t.test('the folder is 0700 and every file in it 0600, whatever the umask', async t => {
  const umask = process.umask(0)
  t.teardown(() => process.umask(umask))
  const { store, file } = await openTempStore(t)
  await store.recordEvent(makeEvent())
  const modeOf = (path: string): string => (statSync(path).mode & 0o777).toString(8)
  t.equal(modeOf(dirname(file)), '700')
  const names = readdirSync(dirname(file)).sort()
  t.same(names, ['bridge.db', 'bridge.db-shm', 'bridge.db-wal', 'bridge.db.lock', 'bridge.db.lock-journal'])
  for (const name of names) t.equal(modeOf(join(dirname(file), name)), '600', name)
})

t.test('a file that others could read is closed to them', async t => {
  const { store, file, reopen } = await openTempStore(t)
  await store.close()
  chmodSync(file, 0o644)
  await reopen()
  t.equal(statSync(file).mode & 0o777, 0o600)
})

t.test('WAL, a real fsync a commit and the page settings are in force', async t => {
  const file = join(makeTempFolder(t), 'bridge.db')
  const { db, lock } = connect(file)
  t.teardown(() => {
    db.close()
    lock.close()
  })
  const expected = {
    journal_mode: 'wal',
    synchronous: 2,
    page_size: 8_192,
    auto_vacuum: 2,
    foreign_keys: 1,
    busy_timeout: 4_000,
    wal_autocheckpoint: 2_000,
    journal_size_limit: 64 * 1024 * 1024,
    temp_store: 2,
    user_version: VERSION,
  }
  for (const [name, value] of Object.entries(expected)) t.equal(db.pragma(name, { simple: true }), value, name)
  const tables = db.prepare(`select name, strict from pragma_table_list where schema = 'main'`).all() as {
    name: string
    strict: number
  }[]
  for (const { name, strict } of tables) if (!name.startsWith('sqlite_')) t.equal(strict, 1, `${name} is strict`)
  const size = db.pragma('page_size', { simple: true })
  db.close()
  lock.close()
  const again = connect(file)
  t.teardown(() => {
    again.db.close()
    again.lock.close()
  })
  t.equal(again.db.pragma('page_size', { simple: true }), size, 'the second opening changes nothing')
  t.equal(again.db.pragma('synchronous', { simple: true }), 2)
})

t.test('a second opener of the same file is told that it is locked, and the first goes on', async t => {
  const { store, file } = await openTempStore(t)
  await t.rejects(openSqliteStore({ file, onFatal }), { code: 'store_locked', message: /one bridge per database file/ })
  t.equal((await store.recordEvent(makeEvent())).outcome, 'recorded')
})

t.test('another name of the same file meets the same lock', async t => {
  const { file } = await openTempStore(t)
  const link = join(makeTempFolder(t), 'link.db')
  symlinkSync(file, link)
  await t.rejects(openSqliteStore({ file: link, onFatal }), { code: 'store_locked' })
})

t.test('the lock goes with the store that held it', async t => {
  const { store, file } = await openTempStore(t)
  await store.close()
  const next = await openSqliteStore({ file, onFatal })
  t.equal((await next.recordEvent(makeEvent())).outcome, 'recorded')
  await next.close()
})

t.test('a database of a newer release is refused and left as it is', async t => {
  const { store, file } = await openTempStore(t)
  await store.close()
  const db = new Database(file)
  const newer = VERSION + 1
  db.pragma(`user_version = ${newer}`)
  db.close()
  await t.rejects(openSqliteStore({ file, onFatal }), {
    code: 'store_newer',
    message: new RegExp(`version ${newer}.*upgrade`),
  })
  const after = new Database(file)
  t.equal(after.pragma('user_version', { simple: true }), newer)
  after.pragma(`user_version = ${VERSION}`)
  after.close()
  await (await openSqliteStore({ file, onFatal })).close()
})

t.test('a database of the first release is brought up to date, with what is in it', async t => {
  const file = join(makeTempFolder(t), 'bridge.db')
  const first = new Database(file)
  first.exec(readFileSync(new URL('0001-initial.sql', MIGRATIONS), 'utf8'))
  first.exec(`
    insert into event (source, idempotency_key, key_hash, method, query, block_offset, headers_bytes, body_bytes, body_crc, received_at)
    values ('github', 'k', 1, 'POST', '', 0, 0, 0, 0, 17)`)
  first.pragma('user_version = 1')
  first.close()
  const store = await openSqliteStore({ file, onFatal })
  t.teardown(() => store.close())
  t.match(await store.readEvent('evt_1_1'), { event: { source: 'github', receivedAt: 17 } })
  t.same(await store.keepAdminKey({ hash: 'aa', now: 1 }), { hash: 'aa' })
  await store.close()
  const db = new Database(file, { readonly: true })
  t.equal(db.pragma('user_version', { simple: true }), VERSION)
  t.equal(db.prepare('select count(*) from own_write').pluck().get(), 0)
  db.close()
})

t.test('a file that is not a database is named as such and not written', async t => {
  const file = join(makeTempFolder(t), 'notes.txt')
  const text = 'x'.repeat(5_000)
  writeFileSync(file, text)
  await t.rejects(openSqliteStore({ file, onFatal }), {
    code: 'store_unavailable',
    message: `The database "${file}" is not a SQLite database`,
  })
  t.equal(statSync(file).size, text.length)
})

t.test('a damaged database is named as such', async t => {
  const { store, file } = await openTempStore(t)
  for (let n = 0; n < 20; n++) await store.recordEvent(makeEvent({ body: Buffer.alloc(3_000, n) }))
  await store.close()
  writeFileSync(file, Buffer.alloc(8_000, 7), { flag: 'r+' })
  await t.rejects(openSqliteStore({ file, onFatal }), { code: 'store_unavailable', message: /bridge\.db"/ })
})

t.test('a broken lock file is not mistaken for another process', async t => {
  const { store, file, reopen } = await openTempStore(t)
  await store.close()
  writeFileSync(`${file}.lock`, 'x'.repeat(1_000))
  await t.rejects(openSqliteStore({ file, onFatal }), { code: 'store_unavailable', message: /\.lock" is not a SQLite/ })
  writeFileSync(`${file}.lock`, '')
  await reopen()
  t.pass('opened')
})

t.test('a path that cannot be a database is refused with the reason', async t => {
  const folder = makeTempFolder(t)
  writeFileSync(join(folder, 'file'), '')
  mkdirSync(join(folder, 'directory.db'))
  for (const [path, reason] of [
    [join(folder, 'file', 'bridge.db'), /cannot be created or written: (ENOTDIR|EEXIST)/],
    [join(folder, 'directory.db'), /bridge|directory\.db" cannot be/],
  ] as const)
    await t.rejects(openSqliteStore({ file: path, onFatal }), { code: 'store_unavailable', message: reason }, path)
})

t.test('a file or folder without the right to write is refused with the reason', async t => {
  const folder = makeTempFolder(t)
  const store = await openSqliteStore({ file: join(folder, 'bridge.db'), onFatal })
  await store.close()
  const open = async (file: string): Promise<unknown> => {
    const script = fileURLToPath(new URL('../../fixtures/open-as-nobody.ts', import.meta.url))
    // an empty environment: the test runner's own hooks would write where this user may not
    const { stdout } = await promisify(execFile)('env', ['-i', process.execPath, script, file])
    return JSON.parse(stdout)
  }
  chmodSync(folder, 0o555)
  const refused = { opened: false, code: 'store_unavailable', message: /cannot be created or written: E(ACCES|PERM)/ }
  t.match(await open(join(folder, 'new.db')), refused, 'a new file in a folder that is read-only')
  chmodSync(folder, 0o755)
  const own = process.getuid?.() === 0
  if (own) t.match(await open(join(folder, 'bridge.db')), refused, 'a file of somebody else')
  chmodSync(folder, 0o700)
})

t.test('a store that cannot be opened leaves nothing locked', async t => {
  const { store, file } = await openTempStore(t)
  await store.close()
  for (let n = 0; n < 2; n++) {
    const db = new Database(file)
    db.pragma(`user_version = ${VERSION + 1}`)
    db.close()
    await t.rejects(openSqliteStore({ file, onFatal }), { code: 'store_newer' })
  }
  const db = new Database(file)
  db.pragma(`user_version = ${VERSION}`)
  db.close()
  await (await openSqliteStore({ file, onFatal })).close()
})

t.test('what was asked before closing is answered, what is asked after it is refused', async t => {
  const under = await openTempStore(t)
  const { store } = under
  const asked = Promise.all([store.recordEvent(makeEvent()), store.readBacklog()])
  const closed = store.close()
  t.match(await asked, [{ outcome: 'recorded' }, { unroutedEvents: 1 }])
  await closed
  await t.rejects(store.readBacklog(), { code: 'shutting_down' })
  await new Promise(resolve => setTimeout(resolve, 50))
  await t.rejects(store.recordEvent(makeEvent()), { code: 'shutting_down' })
})

t.test('closing twice is closing once', async t => {
  const { store, file } = await openTempStore(t)
  await Promise.all([store.close(), store.close()])
  await store.close()
  t.notOk(existsSync(`${file}-wal`), 'the log was merged into the database')
})

t.test('what fails for a reason of ours is an error without a code, and nothing of the input', async t => {
  const { store, fatal } = await openTempStore(t)
  const event = {
    ...makeEvent({ key: 'secret-key' }),
    method: 5 as unknown as string,
    source: null as unknown as string,
  }
  const error: unknown = await store.recordEvent(event).then(
    () => null,
    error => error,
  )
  t.ok(error instanceof Error && !(error instanceof BridgeError))
  t.notMatch(String(error), 'secret-key')
  t.same(fatal, [])
  t.equal((await store.probe(NOW)).writable, true)
})
