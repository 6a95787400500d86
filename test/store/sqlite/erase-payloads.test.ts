import { existsSync, readFileSync } from 'node:fs'
import t from 'tap'
import { NOW } from '../../fixtures/drive-store.ts'
import { makeEvent } from '../../fixtures/make-event.ts'
import { openTempStore } from '../../fixtures/open-temp-store.ts'

t.test(
  'what retention removed is in the bytes of the database no more, also where it was too small to be compressed',
  async t => {
    const under = await openTempStore(t)
    const record = async (n: number, receivedAt: number): Promise<number> => {
      const body = Buffer.from(JSON.stringify({ text: `tulip-${n}-` }))
      return (await under.store.recordEvent(makeEvent({ key: `key-${n}`, body, receivedAt }))).eventSeq!
    }
    let throughSeq = 0
    for (let n = 100; n < 150; n++) throughSeq = await record(n, n % 5 === 0 ? NOW + 1_000 : NOW)
    await under.store.recordRoutes({ throughSeq, decisions: [] })
    await under.reopen()
    const found = (): number[] => {
      const bytes = [under.file, `${under.file}-wal`].filter(existsSync).map(file => readFileSync(file, 'latin1'))
      return [...new Set(bytes.join('').match(/tulip-\d+/g))].map(text => Number(text.slice(6))).sort((a, b) => a - b)
    }
    t.equal(found().length, 50, 'all of them can be read before')

    await under.store.prune({
      now: NOW + 900,
      payloadMs: 500,
      eventMs: 10_000,
      idempotencyKeyMs: 10_000,
      rowsMax: 1_000,
    })
    await under.reopen()
    t.same(
      found(),
      Array.from({ length: 10 }, (_, n) => 100 + 5 * n),
      'only those that are kept',
    )
  },
)
