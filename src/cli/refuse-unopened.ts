import type { Config } from '../config/load-config.ts'
import { cliError, EXIT } from './exit.ts'

/**
 * Ends a command that needs a secret which is sealed in the store: only the running service opens that, and its API never
 * gives one out. `pointer`: the place of what the secret belongs to, such as `/sources/github`.
 */
export function refuseUnopened({ file, sealed }: Config, pointer: string): void {
  const place = sealed.unopened.find(place => place.startsWith(`${pointer}/`))
  if (place === undefined) return
  throw cliError(
    EXIT.failed,
    `${file}: ${place}: expected a secret that this command can read (env:NAME or file:/path), found one that is sealed: only the running service opens it`,
  )
}
