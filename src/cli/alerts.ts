import pc from 'picocolors'
import type { z } from 'zod'
import type { alertTestAnswer } from '../admin/state-answers.ts'
import { showText } from '../mapping/show-value.ts'
import { readClientOrExit, sendJson } from './api-client.ts'
import { EXIT } from './exit.ts'
import { say } from './list-rows.ts'

/** Has a test alert sent; 1 where the receiver did not take it. */
export async function testAlert({ json }: { json?: boolean }): Promise<number> {
  const answer = await sendJson<z.output<typeof alertTestAnswer>>(readClientOrExit(), 'POST', '/api/alerts/test', {})
  const { delivered, status, reason } = answer
  if (json === true) say(JSON.stringify(answer))
  else if (delivered) say(`${pc.green('delivered')}  answered ${status}`)
  else
    process.stderr.write(
      `${pc.red('not delivered')}  ${status === null ? '' : `answered ${status}, `}${showText(reason ?? '')}\n`,
    )
  return delivered ? EXIT.done : EXIT.failed
}
