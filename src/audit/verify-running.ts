import type { Store } from '../store/store.ts'
import { openAnchors } from './anchors.ts'
import type { Checkpoints } from './start-checkpoints.ts'
import { type AuditVerdict, verifyAudit } from './verify-audit.ts'

/** How often a verification begins anew because retention removed rows under it. */
const TRIES_MAX = 3

/** Verifies the audit of the running service, with what this process itself has signed and written to the file. */
export async function verifyRunning(
  store: Store,
  checkpoints: Checkpoints,
  isStopped: () => boolean,
  onProgress: (seq: number) => void = () => {},
): Promise<AuditVerdict> {
  const firstSeq = async (): Promise<number | undefined> =>
    (await store.readAuditRows({ afterSeq: 0, limit: 1 }))[0]?.seq
  for (let tries = 1; ; tries++) {
    const first = await firstSeq()
    const anchoredThroughSeq = checkpoints.anchoredThroughSeq()
    const anchors = await openAnchors(checkpoints.anchorsFile)
    const verdict = await verifyAudit(store, {
      anchors,
      key: checkpoints.fingerprint,
      anchoredThroughSeq,
      isStopped,
      onProgress,
    })
    if (verdict.ok || tries === TRIES_MAX || (await firstSeq()) === first) return verdict
  }
}
