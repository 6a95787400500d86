import t from 'tap'
import { decideAfterRestore } from '../../src/worker/after-restore.ts'

const WRITE = { restored: 'unsure', operation: 'saveIt', orderKey: null, now: 5 } as const

t.test('reads and writes with a key are simply sent', async t => {
  for (const effect of ['read', 'keyed'] as const)
    for (const orderKey of [null, 'k']) t.equal(decideAfterRestore({ ...WRITE, effect, orderKey }), null)
})

t.test('what repeats without harm is sent again, unless a newer one of its key may have been applied', async t => {
  t.equal(decideAfterRestore({ ...WRITE, effect: 'set' }), null)
  t.match(decideAfterRestore({ ...WRITE, effect: 'set', orderKey: 'k' }), { state: 'held', reason: 'restored' })
  t.equal(decideAfterRestore({ ...WRITE, effect: 'set', orderKey: 'k', restored: 'repeat' }), null)
})

t.test(
  'what can be asked for is asked for at once, and what cannot is held, whatever a person said of repeating',
  async t => {
    for (const restored of ['unsure', 'repeat'] as const) {
      t.match(decideAfterRestore({ ...WRITE, effect: 'verify', restored }), { state: 'in_doubt', nextAttemptAt: 5 })
      t.match(decideAfterRestore({ ...WRITE, effect: 'once', restored }), {
        state: 'held',
        reason: 'in_doubt',
        message: /"saveIt" may be done already/,
      })
    }
  },
)
