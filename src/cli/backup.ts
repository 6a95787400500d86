import { existsSync } from 'node:fs'
import { open, rename, rm } from 'node:fs/promises'
import { resolve } from 'node:path'
import { type BackupManifest, MANIFEST_HEADER, makeManifest, manifestPath, parseManifest } from '../backup/manifest.ts'
import { replaceFile } from '../replace-file.ts'
import { backUpStopped } from '../store/sqlite/back-up-stopped.ts'
import { hashFile } from '../store/sqlite/check-copy.ts'
import { openDownload, readClientOrExit } from './api-client.ts'
import { cliError, EXIT } from './exit.ts'
import { say } from './list-rows.ts'
import { loadConfigOrExit } from './load-setup-or-exit.ts'
import { showProgress } from './show-progress.ts'

interface BackupOptions {
  stopped?: boolean
  config?: string
  json?: boolean
}

/** Writes a backup and its manifest: of the running service, or with `--stopped` of the database of a configuration. */
export async function backUp(name: string, options: BackupOptions): Promise<number> {
  const file = resolve(name)
  for (const path of [file, manifestPath(file)])
    if (existsSync(path)) throw cliError(EXIT.failed, `${path}: expected a new file, found one that is there`)
  // what is not whole has another name
  const part = `${file}.part`
  try {
    const manifest = options.stopped === true ? await copyStopped(part, options) : await download(part)
    await rename(part, file)
    await replaceFile(manifestPath(file), `${JSON.stringify(manifest, null, 2)}\n`)
    if (options.json === true) say(JSON.stringify({ file, ...manifest }))
    else print(file, manifest)
    return EXIT.done
  } finally {
    await rm(part, { force: true })
  }
}

async function copyStopped(part: string, options: BackupOptions): Promise<BackupManifest> {
  const { storeFile } = loadConfigOrExit(options)
  const { signal } = new AbortController()
  return makeManifest(await backUpStopped(storeFile, { target: part, signal }), Date.now())
}

/** Takes what the service has copied and checked, and checks that it arrived on disk as it was. */
async function download(part: string): Promise<BackupManifest> {
  const client = readClientOrExit()
  showProgress('the service copies and checks its database')
  const { header, body } = await openDownload(client, '/api/backup')
  const manifest = parseManifest(
    Buffer.from(header(MANIFEST_HEADER) ?? '', 'base64url').toString('utf8'),
    `${client.url}: ${MANIFEST_HEADER}`,
  )
  await receive(body, part, manifest)
  const found = hashFile(part)
  if (found !== manifest.sha256)
    throw cliError(EXIT.failed, `${part}: expected the SHA-256 ${manifest.sha256}, found ${found}`)
  return manifest
}

async function receive(body: AsyncIterable<Uint8Array>, part: string, { bytes }: BackupManifest): Promise<void> {
  const handle = await open(part, 'w', 0o600)
  let received = 0
  try {
    for await (const chunk of body) {
      await handle.writeFile(chunk)
      received += chunk.byteLength
      showProgress(`${Math.floor((received * 100) / bytes)} % of ${bytes} bytes`)
    }
    await handle.sync()
  } catch (error) {
    if (error instanceof Error && 'syscall' in error) throw error
    throw cliError(EXIT.failed, `expected ${bytes} bytes, the connection ended after ${received}`)
  } finally {
    await handle.close()
    showProgress(null)
  }
}

function print(file: string, { bytes, sha256, madeAt, rows, auditHead }: BackupManifest): void {
  say(`${file}  ${bytes} bytes, as of ${madeAt}`)
  say(`  ${rows.event} events, ${rows.job} jobs, ${rows.attempt} attempts; checked after writing`)
  say(`  SHA-256 ${sha256}`)
  if (auditHead !== null) say(`  audit up to entry ${auditHead.seq}, ${auditHead.hash}`)
  say(`  manifest ${manifestPath(file)}`)
}
