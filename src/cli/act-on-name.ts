import pc from 'picocolors'
import { showText } from '../mapping/show-value.ts'
import { postAct, readClientOrExit } from './api-client.ts'
import { EXIT } from './exit.ts'
import { say } from './list-rows.ts'

/** Things with a name that a person may stop and let go on. */
export type NamedThing = 'sources' | 'integrations' | 'mappings'

export interface PauseOptions {
  reason?: string
  json?: boolean
}

/** Pauses a source, an integration or a mapping; 1 where it was refused. */
export function pauseThing(thing: NamedThing, name: string, { reason, json }: PauseOptions): Promise<number> {
  return actOnName(thing, name, 'pause', reason === undefined ? {} : { reason }, json)
}

/** Lets a source, an integration or a mapping go on; 1 where it was refused. */
export function resumeThing(thing: NamedThing, name: string, { json }: PauseOptions): Promise<number> {
  return actOnName(thing, name, 'resume', {}, json)
}

/** Posts an act on something with a name, and prints what came of it. */
export async function actOnName(
  thing: NamedThing,
  name: string,
  act: string,
  body: object,
  json: boolean | undefined,
): Promise<number> {
  const result = await postAct(readClientOrExit(), `/api/${thing}/${encodeURIComponent(name)}/${act}`, body)
  if (json === true) say(JSON.stringify({ name, ...result }))
  else if (result.ok) say(`${showText(name)}  ${pc.green(result.state)}  ${showText(result.message)}`)
  else process.stderr.write(`${showText(name)}  ${pc.red(result.code)}  ${showText(result.message)}\n`)
  return result.ok ? EXIT.done : EXIT.failed
}
