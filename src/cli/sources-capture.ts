import pc from 'picocolors'
import { showText } from '../mapping/show-value.ts'
import type { CaptureLine } from '../source/watch-capture.ts'
import { postForLines, readClientOrExit } from './api-client.ts'
import { cliError, EXIT } from './exit.ts'
import { say } from './list-rows.ts'

interface CaptureOptions {
  minutes?: string
  replace?: boolean
  json?: boolean
}

/** Waits while a sender is set up that hands its secret out; 1 where none came. Ending the command closes the window. */
export async function captureSecret(name: string, { minutes, replace, json }: CaptureOptions): Promise<number> {
  if (minutes !== undefined && !/^[1-9]\d?$/.test(minutes))
    throw cliError(EXIT.usage, `--minutes: expected a whole number from 1 to 60, found "${minutes}"`)
  const client = readClientOrExit()
  const body = { ...(minutes !== undefined && { minutes: Number(minutes) }), ...(replace === true && { replace }) }
  const path = `/api/sources/${encodeURIComponent(name)}/capture`
  let last: CaptureLine | null = null
  for await (const line of postForLines(client, path, body) as AsyncGenerator<CaptureLine>) {
    last = line
    if (json === true) say(JSON.stringify(line))
    else print(name, line)
  }
  return last?.kind === 'captured' ? EXIT.done : EXIT.failed
}

function print(name: string, line: CaptureLine): void {
  if (line.kind === 'open')
    say(`${showText(name)} takes its secret over until ${line.until}: set the sender up now (Ctrl-C ends it)`)
  if (line.kind === 'closed') process.stderr.write('no secret came\n')
  if (line.kind !== 'captured') return
  say(`${pc.green('captured')}  fingerprint ${line.fingerprint}`)
  if (line.secret !== null) say(`The secret, shown this once, for the page of the sender: ${showText(line.secret)}`)
  if (!line.inForce) process.stderr.write('not in force yet: the files on disk are not valid, see /health/ready\n')
}
