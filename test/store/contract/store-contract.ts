import t, { type Test } from 'tap'
import type { Store } from '../../../src/store/store.ts'
import { testActs } from './acts.ts'
import { testAlerts } from './alerts.ts'
import { testAuditing } from './auditing.ts'
import { testBacklog } from './backlog.ts'
import { testClaims } from './claims.ts'
import { testCoalescing } from './coalescing.ts'
import { testEchoes } from './echoes.ts'
import { testFetched } from './fetched.ts'
import { testHistory } from './history.ts'
import { testIdempotency } from './idempotency.ts'
import { testIntents } from './intents.ts'
import { testLeases } from './leases.ts'
import { testListing } from './listing.ts'
import { testOrder } from './order.ts'
import { testPauses } from './pauses.ts'
import { testReading } from './reading.ts'
import { testRecovery } from './recovery.ts'
import { testRejected } from './rejected.ts'
import { testReplays } from './replays.ts'
import { testRetention } from './retention.ts'
import { testRouting } from './routing.ts'
import { testSearching } from './searching.ts'
import { testSecrets } from './secrets.ts'
import { testTokens } from './tokens.ts'

/** An open store of one backend; `reopen` closes it and opens it again on the same rows, replacing `store`. */
export interface StoreUnderTest {
  store: Store
  reopen(): Promise<void>
}
export type OpenStore = (t: Test) => Promise<StoreUnderTest>

/** What every backend of the store must do: run it once for each. */
export function storeContract(name: string, openStore: OpenStore): void {
  t.test(`${name}: idempotency`, t => testIdempotency(t, openStore))
  t.test(`${name}: fetched events`, t => testFetched(t, openStore))
  t.test(`${name}: routing`, t => testRouting(t, openStore))
  t.test(`${name}: order keys`, t => testOrder(t, openStore))
  t.test(`${name}: coalescing`, t => testCoalescing(t, openStore))
  t.test(`${name}: claims`, t => testClaims(t, openStore))
  t.test(`${name}: leases`, t => testLeases(t, openStore))
  t.test(`${name}: intents and caps`, t => testIntents(t, openStore))
  t.test(`${name}: the token ledger`, t => testTokens(t, openStore))
  t.test(`${name}: sealed secrets`, t => testSecrets(t, openStore))
  t.test(`${name}: pauses`, t => testPauses(t, openStore))
  t.test(`${name}: recovery`, t => testRecovery(t, openStore))
  t.test(`${name}: retention`, t => testRetention(t, openStore))
  t.test(`${name}: echoes of own writes`, t => testEchoes(t, openStore))
  t.test(`${name}: history and admin key`, t => testHistory(t, openStore))
  t.test(`${name}: lists`, t => testListing(t, openStore))
  t.test(`${name}: searching`, t => testSearching(t, openStore))
  t.test(`${name}: acts of a person`, t => testActs(t, openStore))
  t.test(`${name}: refused deliveries`, t => testRejected(t, openStore))
  t.test(`${name}: the audit`, t => testAuditing(t, openStore))
  t.test(`${name}: replays`, t => testReplays(t, openStore))
  t.test(`${name}: the backlog by name`, t => testBacklog(t, openStore))
  t.test(`${name}: alerts`, t => testAlerts(t, openStore))
  t.test(`${name}: reading`, t => testReading(t, openStore))
}
