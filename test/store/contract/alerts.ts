import type { Test } from 'tap'
import { ALERT_AGE_MAX_MS, TOLD_ALERTS_MAX, WAITING_ALERTS_MAX, type WaitingAlert } from '../../../src/store/alerts.ts'
import { NOW } from '../../fixtures/drive-store.ts'
import type { OpenStore } from './store-contract.ts'

const alertOf = (id: string, change: Partial<WaitingAlert> = {}): WaitingAlert => ({
  id,
  about: `held\n${id}`,
  body: '{"type":"bridge.held"}',
  raisedAt: NOW,
  tries: 0,
  dueAt: NOW,
  ...change,
})

export async function testAlerts(t: Test, openStore: OpenStore): Promise<void> {
  t.test('an alert waits until it ends, also after a restart; the first that was raised comes first', async t => {
    const under = await openStore(t)
    t.equal(await under.store.recordAlert(alertOf('b')), true)
    t.equal(await under.store.recordAlert(alertOf('a')), true)
    await under.reopen()
    t.same(await under.store.readAlerts(), { waiting: [alertOf('b'), alertOf('a')], told: [] })
    await under.store.endAlert({ id: 'b', told: null })
    t.same(await under.store.readAlerts(), { waiting: [alertOf('a')], told: [] })
  })

  t.test('when it is tried next is kept, and its place with it', async t => {
    const { store } = await openStore(t)
    await store.recordAlert(alertOf('a'))
    await store.recordAlert(alertOf('b'))
    const tried = alertOf('a', { tries: 1, dueAt: NOW + 5_000 })
    t.equal(await store.recordAlert(tried), true)
    t.same((await store.readAlerts()).waiting, [tried, alertOf('b')])
  })

  t.test('there is an end to how many wait; those that do are still kept account of', async t => {
    const { store } = await openStore(t)
    const ids = Array.from({ length: WAITING_ALERTS_MAX + 1 }, (_, n) => `m${n}`)
    const recorded = await Promise.all(ids.map(id => store.recordAlert(alertOf(id))))
    t.same(
      recorded,
      ids.map((_, n) => n < WAITING_ALERTS_MAX),
    )
    t.equal(await store.recordAlert(alertOf('m0', { tries: 1 })), true)
    t.equal(await store.recordAlert(alertOf(ids.at(-1)!)), false)
    await store.endAlert({ id: 'm0', told: null })
    t.equal(await store.recordAlert(alertOf(ids.at(-1)!)), true)
  })

  t.test('what was told is remembered by when it was raised last, for a day', async t => {
    const under = await openStore(t)
    const tell = (about: string, toldAt: number) => under.store.endAlert({ id: 'm', told: { about, toldAt } })
    await tell('held\na', NOW)
    await tell('held\nb', NOW + 2)
    await tell('held\nb', NOW + 1)
    await under.reopen()
    t.same((await under.store.readAlerts()).told, [
      { about: 'held\na', toldAt: NOW },
      { about: 'held\nb', toldAt: NOW + 2 },
    ])
    await tell('held\nc', NOW + 1 + ALERT_AGE_MAX_MS)
    t.same(
      (await under.store.readAlerts()).told.map(({ about }) => about),
      ['held\nb', 'held\nc'],
    )
  })

  t.test('there is an end to how much that was told is remembered', async t => {
    const { store } = await openStore(t)
    const tell = (n: number) => store.endAlert({ id: 'm', told: { about: `held\n${n}`, toldAt: NOW + n } })
    await Promise.all(Array.from({ length: TOLD_ALERTS_MAX + 1 }, (_, n) => tell(n)))
    const { told } = await store.readAlerts()
    t.equal(told.length, TOLD_ALERTS_MAX)
    t.same(told[0], { about: 'held\n1', toldAt: NOW + 1 })
  })
}
