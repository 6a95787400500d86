import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { packageFolder } from '../config/package-folder.ts'
import { BridgeError } from '../errors.ts'
import type { BackupFacts } from '../store/backup.ts'

/** The header of `GET /api/backup` that has the manifest: base64url of its JSON. */
export const MANIFEST_HEADER = 'bridge-backup-manifest'

const count = z.int().min(0)
const sha256 = z.string().regex(/^[0-9a-f]{64}$/)

/** What stands beside a backup: `<file>.manifest.json`. */
export const manifestSchema = z.strictObject({
  format: z.literal(1),
  madeAt: z.iso.datetime(),
  bridgeVersion: z.string(),
  bytes: count,
  sha256,
  schemaVersion: count,
  epoch: count,
  rows: z.record(z.string(), count),
  last: z.strictObject({ event: count, job: count, attempt: count }),
  auditHead: z.strictObject({ seq: count, hash: sha256 }).nullable(),
})
export type BackupManifest = z.output<typeof manifestSchema>

/** Makes the manifest of a copy that has been checked. */
export function makeManifest(facts: BackupFacts, now: number): BackupManifest {
  const { version } = JSON.parse(readFileSync(join(packageFolder(), 'package.json'), 'utf8')) as { version: string }
  return { format: 1, madeAt: new Date(now).toISOString(), bridgeVersion: version, ...facts, rows: { ...facts.rows } }
}

/** Where the manifest of a backup is. */
export function manifestPath(backup: string): string {
  return `${backup}.manifest.json`
}

/** Reads the manifest from a text. Throws `backup_invalid`, naming where it came from. */
export function parseManifest(text: string, from: string): BackupManifest {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    throw new BridgeError('backup_invalid', `${from}: expected a manifest, found no JSON`)
  }
  const parsed = manifestSchema.safeParse(json)
  if (parsed.success) return parsed.data
  const { path, message } = parsed.error.issues[0]!
  throw new BridgeError('backup_invalid', `${from}: /${path.join('/')}: expected a manifest: ${message}`)
}
