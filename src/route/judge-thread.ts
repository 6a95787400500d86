import { parentPort } from 'node:worker_threads'
import { compileRules, judgeBatch } from './judge-batch.ts'
import type { Rules } from './judge-event.ts'
import { type FromJudge, type ToJudge, unpackEvent } from './wire.ts'

const port = parentPort!
let rules: Rules | null = null

port.on('message', (message: ToJudge) => {
  if (message.kind === 'setup') rules = compileRules(message.setup)
  else tell({ kind: 'decided', decisions: judgeBatch(message.events.map(unpackEvent), rules!) })
})
tell({ kind: 'ready' })

function tell(message: FromJudge): void {
  port.postMessage(message)
}
