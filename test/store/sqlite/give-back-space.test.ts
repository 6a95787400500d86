import { randomBytes } from 'node:crypto'
import { statSync } from 'node:fs'
import t from 'tap'
import { NOW } from '../../fixtures/drive-store.ts'
import { makeEvent } from '../../fixtures/make-event.ts'
import { openTempStore } from '../../fixtures/open-temp-store.ts'

t.test('what retention removes is given back: the file becomes smaller', async t => {
  const under = await openTempStore(t)
  let throughSeq = 0
  for (let n = 0; n < 300; n++) {
    const event = makeEvent({ key: `key-${n}`, body: randomBytes(20_000), receivedAt: NOW })
    throughSeq = (await under.store.recordEvent(event)).eventSeq!
  }
  await under.store.recordRoutes({ throughSeq, decisions: [] })
  await under.reopen()
  const before = statSync(under.file).size
  t.ok(before > 6_000_000, `${before} bytes`)

  const request = { now: NOW + 10, payloadMs: 1, eventMs: 1, idempotencyKeyMs: 1, rowsMax: 20 }
  let events = 0
  for (let more = true; more; ) {
    const pruned = await under.store.prune(request)
    t.ok(pruned.events <= 20, 'a bounded number a transaction')
    events += pruned.events
    more = pruned.more
  }
  t.equal(events, 300)
  await under.reopen()
  const after = statSync(under.file).size
  t.ok(after < before / 10, `${before} bytes before, ${after} after`)
})
