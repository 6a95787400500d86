import type { Test } from 'tap'
import type { FinishAttempt } from '../../../src/store/attempts.ts'
import type { ClaimedJob } from '../../../src/store/jobs.ts'
import type { Store } from '../../../src/store/store.ts'
import type { IntegrationState } from '../../../src/store/tokens.ts'
import {
  addJob,
  attempt,
  begin,
  claim,
  claimOne,
  finishFor,
  inDoubtAt,
  intentFor,
  NOW,
  queuedAt,
  SUCCEEDED,
  TOKEN,
  useToken,
} from '../../fixtures/drive-store.ts'
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
      purpose: null,
      owner: null,
      pausedUntil: null,
      probedAt: null,
      revokedAt: null,
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
    const probe = { integration: 'ci', token: TOKEN, pausedUntil: null, now: NOW + 1 }
    for (const answer of ['unauthorized', 'forbidden', 'rate_limited'] as const) {
      await store.recordProbe({ ...probe, answer })
      t.match(await readToken(store), { state: 'refused', probedAt: NOW + 1, lastAnswer: answer })
    }
    await store.recordProbe({ ...probe, now: NOW + 2, answer: 'ok' })
    t.match(await readToken(store), { state: 'active', probedAt: NOW + 2, lastAnswer: 'ok' })
  })

  t.test('a probe that got no answer is noted as made, and one that was told to wait pauses the token', async t => {
    const { store } = await openStore(t)
    await useToken(store)
    await answer(store, ['unauthorized'])
    await store.recordProbe({ integration: 'ci', token: TOKEN, answer: null, pausedUntil: NOW + 9_000, now: NOW + 1 })
    t.match(await readToken(store), {
      state: 'refused',
      probedAt: NOW + 1,
      lastAnswer: 'unauthorized',
      pausedUntil: NOW + 9_000,
    })
  })

  t.test('a probe does not wake a token that was held or retired', async t => {
    const { store } = await openStore(t)
    await useToken(store)
    await answer(store, Array(5).fill('forbidden'))
    await store.recordProbe({ integration: 'ci', token: TOKEN, answer: 'ok', pausedUntil: null, now: NOW })
    t.equal((await readToken(store)).state, 'held')
    await useToken(store, 'ci', 'fp-2')
    await store.recordProbe({ integration: 'ci', token: TOKEN, answer: 'ok', pausedUntil: null, now: NOW })
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

  t.test('a token that another has replaced retires, and is retiring while an attempt carries it', async t => {
    const { store } = await openStore(t)
    await useToken(store, 'ci', 'fp-1')
    await addJob(store)
    const [job] = await claim(store)
    const attemptSeq = await begin(store, job!, { token: 'fp-1' })
    await useToken(store, 'ci', 'fp-2', NOW + 1)
    t.equal((await readToken(store, 'fp-1')).state, 'retiring')
    await store.finishAttempt(finishFor(job!, attemptSeq, { token: 'fp-1' }))
    t.match(await readToken(store, 'fp-1'), { state: 'retired', uses: 1 })
  })

  t.test('a revoked token is never sent again, in no integration, whatever is configured', async t => {
    const under = await openStore(t)
    const tokens = ['ci', 'shop'].map(integration => ({ integration, fingerprint: TOKEN, purpose: null, owner: null }))
    const register = () => under.store.registerTokens({ now: NOW, resumeHeld: true, tokens })
    await register()
    await addJob(under.store)
    const [job] = await claim(under.store)
    t.same(await under.store.revokeToken({ integration: 'ci', token: null, actor: 'ops', now: NOW + 5 }), {
      ok: true,
      token: TOKEN,
      integrations: ['ci', 'shop'],
      changed: true,
    })
    t.same(await under.store.recordIntent(intentFor(job!)), { granted: false, reason: 'token_revoked' })
    await under.reopen()
    await register()
    await under.store.registerTokens({ now: NOW, resumeHeld: true, tokens: [{ ...tokens[0]!, integration: 'third' }] })
    await register()
    t.match(await under.store.readIntegrations(), [
      { integration: 'ci', state: 'revoked', revokedAt: NOW + 5 },
      { integration: 'shop', state: 'revoked', revokedAt: NOW + 5 },
      { integration: 'third', state: 'revoked', revokedAt: NOW + 5 },
    ])
    await useToken(under.store, 'ci', 'fp-2', NOW + 6)
    await useToken(under.store, 'ci', TOKEN, NOW + 7)
    t.equal((await readToken(under.store)).state, 'revoked', 'another one in between does not bring it back')
    t.match(await under.store.revokeToken({ integration: 'ci', token: TOKEN, actor: 'ops', now: NOW + 8 }), {
      ok: true,
      changed: false,
    })
    t.match(await readToken(under.store), { revokedAt: NOW + 5 })
  })

  t.test('by its fingerprint, a retired token is revoked too; one that is not there is not found', async t => {
    const { store } = await openStore(t)
    await useToken(store, 'ci', 'fp-1')
    await useToken(store, 'ci', 'fp-2')
    const revoke = (integration: string, token: string | null) =>
      store.revokeToken({ integration, token, actor: 'ops', now: NOW })
    t.match(await revoke('ci', 'fp-1'), { ok: true, token: 'fp-1', changed: true })
    t.match(await revoke('ci', null), { ok: true, token: 'fp-2', changed: true })
    t.same(await revoke('ci', 'fp-3'), { ok: false, reason: 'not_found' })
    t.same(await revoke('nobody', null), { ok: false, reason: 'not_found' })
  })

  t.test('a refusal, a probe or a pause of a revoked token does not bring it back', async t => {
    const { store } = await openStore(t)
    await useToken(store)
    await addJob(store)
    const [job] = await claim(store)
    const attemptSeq = await begin(store, job!)
    await store.revokeToken({ integration: 'ci', token: null, actor: 'ops', now: NOW })
    await store.finishAttempt(finishFor(job!, attemptSeq, { outcome: 'rejected', tokenAnswer: 'unauthorized' }))
    await store.recordProbe({ integration: 'ci', token: TOKEN, answer: 'ok', pausedUntil: null, now: NOW })
    t.equal((await readToken(store)).state, 'revoked')
  })

  t.test('writes are counted for the token that made them, by mapping and operation; reads are not', async t => {
    const { store } = await openStore(t)
    await useToken(store, 'ci', 'fp-1')
    const make = async (mapping: string, token: string, operation: string, change: Partial<FinishAttempt> = {}) => {
      await addJob(store, { mapping })
      const [job] = await claim(store, { max: 1 })
      const effect = operation === 'entries' ? 'read' : 'set'
      const attemptSeq = await begin(store, job!, { token, operation, effect })
      await store.finishAttempt(finishFor(job!, attemptSeq, { token, ...change }))
    }
    await make('a', 'fp-1', 'createEntry')
    await make('a', 'fp-1', 'createEntry')
    await make('a', 'fp-1', 'entries')
    await make('a', 'fp-1', 'createEntry', { outcome: 'rejected' })
    await make('a', 'fp-1', 'createEntry', { outcome: 'unknown' })
    await useToken(store, 'ci', 'fp-2', NOW + 1)
    await make('b', 'fp-2', 'publishPage', { now: NOW + 9 })
    t.same(await store.readTokenWrites(), [
      { integration: 'ci', token: 'fp-1', mapping: 'a', operation: 'createEntry', writes: 2, lastAt: NOW },
      { integration: 'ci', token: 'fp-2', mapping: 'b', operation: 'publishPage', writes: 1, lastAt: NOW + 9 },
    ])
  })

  t.test('a write that is found applied after a lost answer counts for the token that sent it', async t => {
    const { store } = await openStore(t)
    await useToken(store, 'ci', 'fp-1')
    await addJob(store)
    const doubt = { step: 'save', operation: 'createEntry', variables: {}, before: [], asked: 0, failures: 0 }
    const [job] = await claim(store)
    await attempt(
      store,
      job!,
      { token: 'fp-1', effect: 'verify' },
      { token: 'fp-1', outcome: 'unknown', next: inDoubtAt(NOW), progress: { done: [], doubt } },
    )
    await useToken(store, 'ci', 'fp-2', NOW + 1)
    const [again] = await claim(store)
    const done = [{ id: 'save', operation: 'createEntry', data: {} }]
    const question = { token: 'fp-2', step: 'save?', operation: 'entries', effect: 'read' } as const
    await attempt(store, again!, question, { token: 'fp-2', progress: { done, doubt: null } })
    t.match(await store.readTokenWrites(), [{ token: 'fp-1', operation: 'createEntry', writes: 1 }])
  })

  t.test('jobs are found by the token that requests were made with, newest first, page by page', async t => {
    const { store } = await openStore(t)
    const made: string[] = []
    for (const [n, token] of ['fp-1', 'fp-2', 'fp-1', 'fp-2', 'fp-1'].entries()) {
      await useToken(store, 'ci', token, NOW + n)
      const { eventId } = await addJob(store)
      const job = await claimOne(store)
      await attempt(store, job, { token }, { token, next: n === 2 ? queuedAt(NOW) : SUCCEEDED })
      if (n === 2) await attempt(store, await claimOne(store), { token }, { token })
      if (token === 'fp-1') made.unshift(eventId)
    }
    const page = { sinceAt: null, untilAt: null, source: null, type: null, mapping: null, integration: null }
    const list = (beforeSeq: number | null, limit: number, token = 'fp-1') =>
      store.listJobs({ ...page, states: null, reason: null, token, beforeSeq, limit })
    t.strictSame(
      (await list(null, 10)).jobs.map(({ eventId }) => eventId),
      made,
    )
    const first = await list(null, 2)
    t.strictSame(
      first.jobs.map(({ eventId }) => eventId),
      made.slice(0, 2),
    )
    t.strictSame(
      (await list(first.nextSeq, 2)).jobs.map(({ eventId }) => eventId),
      made.slice(2),
    )
    t.strictSame((await list(null, 10, 'fp-3')).jobs, [])
    const failed = await store.listJobs({
      ...page,
      states: ['dead'],
      reason: null,
      token: 'fp-1',
      beforeSeq: null,
      limit: 9,
    })
    t.strictSame(failed.jobs, [])
  })

  t.test('when a secret last proved a delivery is kept across a restart, the newest instant', async t => {
    const under = await openStore(t)
    const use = { source: 'github', fingerprint: 'aa', verifiedAt: NOW }
    await under.store.recordSecretUses([use, { ...use, fingerprint: 'bb' }])
    await under.store.recordSecretUses([{ ...use, verifiedAt: NOW + 5 }])
    await under.store.recordSecretUses([{ ...use, verifiedAt: NOW + 1 }])
    await under.reopen()
    t.same(await under.store.readSecretUses(), [
      { ...use, verifiedAt: NOW + 5 },
      { ...use, fingerprint: 'bb' },
    ])
  })
}
