import type { Test } from 'tap'
import type { BacklogState } from '../../../src/store/upkeep.ts'
import { addJob, claimOne, DEAD, finishWith, HELD, inDoubtAt, NOW, SUCCEEDED } from '../../fixtures/drive-store.ts'
import type { OpenStore } from './store-contract.ts'

const STATES: readonly BacklogState[] = ['queued', 'running', 'in_doubt', 'held', 'dead']
const HOUR_MS = 3_600_000

export async function testBacklog(t: Test, openStore: OpenStore): Promise<void> {
  t.test('jobs are counted by state, mapping and integration, with the oldest of each', async t => {
    const { store } = await openStore(t)
    t.same(await store.countBacklog({ states: STATES, rowsMax: 100 }), { shares: [], cut: [] })
    for (const next of [DEAD, HELD, inDoubtAt(NOW + HOUR_MS), SUCCEEDED]) {
      await addJob(store, { mapping: 'publish' })
      await finishWith(store, await claimOne(store), next)
    }
    await addJob(store, { mapping: 'publish' })
    await claimOne(store)
    for (const mapping of ['publish', 'update', 'publish']) await addJob(store, { mapping })
    await addJob(store, { mapping: 'publish', integration: 'shop' })
    const { shares, cut } = await store.countBacklog({ states: STATES, rowsMax: 100 })
    t.same(cut, [])
    t.strictSame(
      shares.map(({ state, mapping, integration, count }) => [state, mapping, integration, count]),
      [
        ['queued', 'publish', 'ci', 2],
        ['queued', 'publish', 'shop', 1],
        ['queued', 'update', 'ci', 1],
        ['running', 'publish', 'ci', 1],
        ['in_doubt', 'publish', 'ci', 1],
        ['held', 'publish', 'ci', 1],
        ['dead', 'publish', 'ci', 1],
      ],
    )
    t.ok(shares.every(({ oldestAt }) => oldestAt === NOW))
    const held = await store.countBacklog({ states: ['held'], rowsMax: 100 })
    t.same(
      held.shares.map(({ state }) => state),
      ['held'],
      'only what is asked for',
    )
  })

  t.test('of many, the oldest open ones and the newest dead ones are counted, and it says so', async t => {
    const { store } = await openStore(t)
    for (const mapping of ['first', 'second', 'third']) {
      await addJob(store, { mapping })
      await finishWith(store, await claimOne(store), DEAD)
    }
    for (const mapping of ['first', 'second', 'third']) await addJob(store, { mapping })
    const { shares, cut } = await store.countBacklog({ states: ['queued', 'dead'], rowsMax: 2 })
    t.strictSame(
      shares.map(({ state, mapping }) => [state, mapping]),
      [
        ['queued', 'first'],
        ['queued', 'second'],
        ['dead', 'second'],
        ['dead', 'third'],
      ],
    )
    t.strictSame(cut, ['queued', 'dead'])
  })
}
