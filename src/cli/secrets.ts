import pc from 'picocolors'
import type { z } from 'zod'
import type { deletedAnswer, resealedAnswer, sealedAnswer, secretsAnswer } from '../admin/setup-answers.ts'
import { entryName } from '../config/value-schemas.ts'
import { showText } from '../mapping/show-value.ts'
import { getJson, readClientOrExit, sendJson } from './api-client.ts'
import { cliError, EXIT } from './exit.ts'
import { printTable, say, showInstant } from './list-rows.ts'
import { loadConfigOrExit } from './load-setup-or-exit.ts'
import { readSecret } from './read-secret.ts'
import { sealStopped } from './seal-stopped.ts'

interface SecretOptions {
  json?: boolean
}

interface SetOptions extends SecretOptions {
  stopped?: boolean
  config?: string
}

/** Prints the sealed secrets, never their values. */
export async function listSecrets({ json }: SecretOptions): Promise<number> {
  const { secrets } = await getJson<z.output<typeof secretsAnswer>>(readClientOrExit(), '/api/secrets')
  if (json === true) say(JSON.stringify({ secrets }))
  else if (secrets.length === 0) say('no sealed secrets')
  else {
    const rows = secrets.map(({ name, fingerprint, keyId, sealedAt, inUse }) => [
      name,
      fingerprint,
      keyId,
      showInstant(sealedAt),
      inUse ? 'yes' : 'no',
    ])
    printTable(['secret', 'fingerprint', 'master key', 'sealed', 'in use'], rows)
  }
  return EXIT.done
}

/** Seals what standard input or the person says under a name; 1 where it is not in force. */
export async function setSecret(name: string, options: SetOptions): Promise<number> {
  if (options.stopped === true) return setStopped(name, options)
  const { json } = options
  const client = readClientOrExit()
  const value = await askSecret(name)
  const path = `/api/secrets/${encodeURIComponent(name)}`
  const sealed = await sendJson<z.output<typeof sealedAnswer>>(client, 'PUT', path, { value })
  if (json === true) say(JSON.stringify(sealed))
  else tellSealed(sealed.name, sealed.fingerprint)
  return tellForce(sealed, json)
}

/** The same in the database of a service that does not run: it is in force when that starts. */
async function setStopped(name: string, options: SetOptions): Promise<number> {
  const { storeFile } = loadConfigOrExit(options)
  const checked = entryName.safeParse(name)
  if (!checked.success) throw cliError(EXIT.usage, `expected ${checked.error.issues[0]!.message}`)
  const { fingerprint } = await sealStopped(storeFile, name, await askSecret(name))
  if (options.json === true) say(JSON.stringify({ name, fingerprint }))
  else tellSealed(name, fingerprint)
  return EXIT.done
}

async function askSecret(name: string): Promise<string> {
  const value = await readSecret(`Secret for ${showText(name)} (not shown): `)
  if (value === '') throw cliError(EXIT.usage, 'expected a secret on standard input, found nothing')
  return value
}

function tellSealed(name: string, fingerprint: string): void {
  say(`${showText(name)}  ${pc.green('sealed')}  fingerprint ${fingerprint}`)
}

/** Deletes a sealed secret. */
export async function deleteSecret(name: string, { json }: SecretOptions): Promise<number> {
  const path = `/api/secrets/${encodeURIComponent(name)}`
  const deleted = await sendJson<z.output<typeof deletedAnswer>>(readClientOrExit(), 'DELETE', path)
  if (json === true) say(JSON.stringify(deleted))
  else say(`${showText(deleted.name)}  ${pc.green('deleted')}`)
  return tellForce(deleted, json)
}

/** Puts all sealed secrets under the new master key of the service. */
export async function resealSecrets({ json }: SecretOptions): Promise<number> {
  const client = readClientOrExit()
  const resealed = await sendJson<z.output<typeof resealedAnswer>>(client, 'POST', '/api/secrets/reseal', {})
  if (json === true) say(JSON.stringify(resealed))
  else {
    say(`${resealed.secrets} secrets are sealed with the key ${resealed.keyId} now`)
    say('Make BRIDGE_MASTER_KEY_NEW the BRIDGE_MASTER_KEY of the service, and remove the old one')
  }
  return EXIT.done
}

function tellForce({ inForce, problems }: z.output<typeof deletedAnswer>, json: boolean | undefined): number {
  if (inForce) return EXIT.done
  if (json !== true) {
    process.stderr.write('not in force yet: the files on disk are not valid\n')
    for (const problem of problems) process.stderr.write(`  ${showText(problem)}\n`)
  }
  return EXIT.failed
}
