import { join } from 'node:path'
import type Database from 'better-sqlite3'
import t from 'tap'
import { connect } from '../../../src/store/sqlite/connect.ts'
import { steadyPlans } from '../../../src/store/sqlite/steady-plans.ts'

t.test('parameters that could change a plan are hidden from the planner', async t => {
  const prepared: string[] = []
  const db = { prepare: (sql: string) => void prepared.push(sql) } as unknown as Database.Database
  steadyPlans(db)
  db.prepare(
    'select seq from job where integration = ? and order_key=@key and next_attempt_at <= ? order by seq limit ?',
  )
  db.prepare('update job set state = ?, progress = @saved where seq = @seq LIMIT @max')
  db.prepare(`insert into meta (name, value) values (?, @value)`)
  t.same(prepared, [
    'select seq from job where integration = +? and order_key= +@key and next_attempt_at <= +? order by seq limit +?',
    'update job set state = +?, progress = +@saved where seq = +@seq LIMIT +@max',
    'insert into meta (name, value) values (?, @value)',
  ])
})

t.test(
  'a hidden parameter is compared as before: text with text, numbers with numbers, large ones exactly',
  async t => {
    const { db, lock } = connect(join(t.testdir(), 'bridge.db'))
    t.teardown(() => {
      db.close()
      lock.close()
    })
    db.exec('create table thing (name text, number integer) strict')
    const insert = db.prepare('insert into thing (name, number) values (?, ?)')
    insert.run('5', 2 ** 52 - 1)
    insert.run('+5', 5)
    const byName = db.prepare<[string], number>('select number from thing where name = ?').pluck()
    const byNumber = db.prepare<[number], string>('select name from thing where number = ? limit ?').pluck()
    t.equal(byName.get('5'), 2 ** 52 - 1)
    t.equal(byName.get('+5'), 5)
    t.equal((byNumber as Database.Statement).get(2 ** 52 - 1, 1), '5')
    t.same((byNumber as Database.Statement).all(5, 0), [])
  },
)
