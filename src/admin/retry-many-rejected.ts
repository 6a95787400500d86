import type { z } from 'zod'
import type { Bridge } from '../bridge.ts'
import { BridgeError } from '../errors.ts'
import type { rejectedRetryAnswer } from './event-answers.ts'
import { NOT_HERE, retryRejected } from './retry-rejected.ts'
import { viewRejectedRetry } from './view-rejected.ts'

type Answer = z.output<typeof rejectedRetryAnswer>

interface RetryOptions {
  dryRun: boolean
  /** Told of each as it ends: the call may be stopped by a later one. */
  onRetried: (answer: Answer) => void
}

/** Retries refused deliveries one after another. What stops one of them alone (it is gone) is its reason. */
export async function retryManyRejected(
  ids: readonly string[],
  bridge: Pick<Bridge, 'live' | 'store' | 'custody'>,
  { dryRun, onRetried }: RetryOptions,
): Promise<Answer[]> {
  const answers: Answer[] = []
  for (const id of ids) {
    const answer = await retryOne(id, bridge, { dryRun })
    onRetried(answer)
    answers.push(answer)
  }
  return answers
}

async function retryOne(
  id: string,
  bridge: Pick<Bridge, 'live' | 'store' | 'custody'>,
  { dryRun }: { dryRun: boolean },
): Promise<Answer> {
  try {
    const rejected = await bridge.store.readRejected(id)
    if (rejected === null) throw new BridgeError('not_found', NOT_HERE)
    return viewRejectedRetry(id, await retryRejected(rejected, bridge, { now: Date.now(), dryRun }))
  } catch (error) {
    // a store that cannot be written, or is full, is everybody's matter: it would stop the next ones too
    if (!(error instanceof BridgeError) || error.code === 'store_unavailable' || error.code === 'backlog_full')
      throw error
    return { id, accepted: false, outcome: null, eventId: null, reason: error.code, message: error.message }
  }
}
