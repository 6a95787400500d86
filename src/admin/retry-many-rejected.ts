import type { z } from 'zod'
import type { Bridge } from '../bridge.ts'
import { BridgeError } from '../errors.ts'
import type { rejectedRetryAnswer } from './event-answers.ts'
import { NOT_HERE, retryRejected } from './retry-rejected.ts'
import { viewRejectedRetry } from './view-rejected.ts'

type Answer = z.output<typeof rejectedRetryAnswer>

/** Retries refused deliveries one after another. What stops one of them (it is gone, the store is full) is its reason. */
export async function retryManyRejected(
  ids: readonly string[],
  bridge: Pick<Bridge, 'live' | 'store' | 'custody'>,
  options: { dryRun: boolean },
): Promise<Answer[]> {
  const answers: Answer[] = []
  for (const id of ids) answers.push(await retryOne(id, bridge, options))
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
    if (!(error instanceof BridgeError)) throw error
    return { id, accepted: false, outcome: null, eventId: null, reason: error.code, message: error.message }
  }
}
