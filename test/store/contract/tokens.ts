import type { Test } from 'tap'
import type { FinishAttempt } from '../../../src/store/attempts.ts'
import type { ClaimedJob } from '../../../src/store/jobs.ts'
import type { Store } from '../../../src/store/store.ts'
import type { IntegrationState } from '../../../src/store/tokens.ts'
import { addJob, attempt, begin, claim, finishFor, NOW, TOKEN, useToken } from '../../fixtures/drive-store.ts'
import type { OpenStore } from './store-contract.ts'

async function readToken(store: Store, token = TOKEN): Promise<IntegrationState> {
  return (await store.readIntegrations()).find(state => state.token === token)!
}

/** Makes attempts that end so, each by a job of its own. */
async function answer(store: Store, answers: readonly FinishAttempt['tokenAnswer'][]): Promise<void> {
  for (const _ of answers) await addJob(store)
  const jobs: ClaimedJob[] = await claim(store, { max: answers.length })
  for (const [index, tokenAnswer] of answers.entries())
    await attempt(store, jobs[index]!, {}, { outcome: 'rejected', tokenAnswer })
}

export async function testTokens(t: Test, openStore: OpenStore): Promise<void> {
  t.test('the ledger knows a token from its first registration, its uses and its last answer', async t => {
    const under = await openStore(t)
    await useToken(under.store)
    t.same(await readToken(under.store), {
      integration: 'ci',
      token: TOKEN,
      state: 'active',
      pausedUntil: null,
      probedAt: null,
      firstSeenAt: NOW,
      lastUsedAt: null,
      uses: 0,
      lastAnswer: null,
    })
    await answer(under.store, ['ok', null, 'rate_limited'])
    await under.reopen()
    await useToken(under.store, 'ci', TOKEN, NOW + 1_000)
    t.match(await readToken(under.store), {
      state: 'active',
      uses: 3,
      lastAnswer: 'rate_limited',
      firstSeenAt: NOW,
      lastUsedAt: NOW,
    })
  })

  t.test('an answer that says nothing of the token keeps the last one', async t => {
    const { store } = await openStore(t)
    await useToken(store)
    await answer(store, ['ok', null])
    t.match(await readToken(store), { uses: 2, lastAnswer: 'ok' })
  })

  t.test('one 401 stops the token, and a start alone does not bring it back', async t => {
    const under = await openStore(t)
    await useToken(under.store)
    await answer(under.store, ['unauthorized'])
    t.match(await readToken(under.store), { state: 'refused', lastAnswer: 'unauthorized' })
    await under.reopen()
    await useToken(under.store)
    t.equal((await readToken(under.store)).state, 'refused')
  })

  t.test('a probe brings a refused token back only when it was accepted', async t => {
    const { store } = await openStore(t)
    await useToken(store)
    await answer(store, ['unauthorized'])
    const probe = { integration: 'ci', token: TOKEN, now: NOW + 1 }
    for (const answer of ['unauthorized', 'forbidden', 'rate_limited'] as const) {
      await store.recordProbe({ ...probe, answer })
      t.match(await readToken(store), { state: 'refused', probedAt: NOW + 1, lastAnswer: answer })
    }
    await store.recordProbe({ ...probe, now: NOW + 2, answer: 'ok' })
    t.match(await readToken(store), { state: 'active', probedAt: NOW + 2, lastAnswer: 'ok' })
  })

  t.test('a probe does not wake a token that was held or retired', async t => {
    const { store } = await openStore(t)
    await useToken(store)
    await answer(store, Array(5).fill('forbidden'))
    await store.recordProbe({ integration: 'ci', token: TOKEN, answer: 'ok', now: NOW })
    t.equal((await readToken(store)).state, 'held')
    await useToken(store, 'ci', 'fp-2')
    await store.recordProbe({ integration: 'ci', token: TOKEN, answer: 'ok', now: NOW })
    t.equal((await readToken(store)).state, 'retired')
  })

  t.test('five 403 in a row hold the integration, an accepted request in between does not', async t => {
    const { store } = await openStore(t)
    await useToken(store)
    await answer(store, ['forbidden', 'forbidden', 'forbidden', 'forbidden', 'ok'])
    await answer(store, ['forbidden', 'forbidden', 'forbidden', 'forbidden'])
    t.equal((await readToken(store)).state, 'active')
    await answer(store, ['forbidden'])
    t.equal((await readToken(store)).state, 'held')
  })

  t.test('a person who starts the bridge anew lets a held integration try again', async t => {
    const { store } = await openStore(t)
    await useToken(store)
    await answer(store, Array(5).fill('forbidden'))
    await useToken(store)
    t.equal((await readToken(store)).state, 'held', 'a reload does not')
    const tokens = [{ integration: 'ci', fingerprint: TOKEN, purpose: null, owner: null }]
    await store.registerTokens({ now: NOW, resumeHeld: true, tokens })
    t.equal((await readToken(store)).state, 'active')
    await answer(store, Array(4).fill('forbidden'))
    t.equal((await readToken(store)).state, 'active', 'counted from nothing')
  })

  t.test('a new token retires the old one, whose history stays; it may come back', async t => {
    const { store } = await openStore(t)
    await useToken(store, 'ci', 'fp-1')
    await answer(store, ['ok'])
    await useToken(store, 'ci', 'fp-2', NOW + 1)
    t.match(await store.readIntegrations(), [
      { token: 'fp-2', state: 'active', uses: 0 },
      { token: 'fp-1', state: 'retired', uses: 1 },
    ])
    await useToken(store, 'ci', 'fp-1', NOW + 2)
    t.match(await readToken(store, 'fp-1'), { state: 'active', firstSeenAt: NOW })
    t.equal((await readToken(store, 'fp-2')).state, 'retired')
  })

  t.test('the token of an integration that is configured no more is retired', async t => {
    const { store } = await openStore(t)
    const entry = (integration: string) => ({ integration, fingerprint: TOKEN, purpose: null, owner: null })
    await store.registerTokens({ now: NOW, resumeHeld: false, tokens: [entry('ci'), entry('shop')] })
    await store.registerTokens({ now: NOW, resumeHeld: false, tokens: [entry('shop')] })
    t.match(await store.readIntegrations(), [
      { integration: 'ci', state: 'retired' },
      { integration: 'shop', state: 'active' },
    ])
    await store.registerTokens({ now: NOW, resumeHeld: false, tokens: [] })
    t.match(await store.readIntegrations(), [{ state: 'retired' }, { state: 'retired' }])
  })

  t.test('the longest pause counts', async t => {
    const { store } = await openStore(t)
    await useToken(store)
    for (let n = 0; n < 3; n++) await addJob(store)
    const jobs = await claim(store)
    const attempts = await Promise.all(jobs.map(job => begin(store, job)))
    for (const [index, pausedUntil] of [NOW + 9_000, NOW + 1_000, null].entries())
      await store.finishAttempt(finishFor(jobs[index]!, attempts[index]!, { pausedUntil }))
    t.equal((await readToken(store)).pausedUntil, NOW + 9_000)
  })

  t.test('one token in two integrations is two entries', async t => {
    const { store } = await openStore(t)
    const tokens = ['ci', 'shop'].map(integration => ({ integration, fingerprint: TOKEN, purpose: 'p', owner: 'o' }))
    await store.registerTokens({ now: NOW, resumeHeld: false, tokens })
    await answer(store, ['unauthorized'])
    t.match(await store.readIntegrations(), [
      { integration: 'ci', state: 'refused' },
      { integration: 'shop', state: 'active' },
    ])
  })
}
