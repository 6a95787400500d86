import { closeSync, fdatasyncSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'

/** About what one delivery adds to the log of the database, in bytes. */
const BYTES = 32_768

/** How long a write and its fdatasync take on the disk of a folder, in ms: no answer can come sooner. */
export async function timeFsyncs(folder: string, load: { perSecond: number; count: number }): Promise<number[]> {
  const file = openSync(join(folder, 'fsync-probe'), 'w', 0o600)
  const bytes = Buffer.alloc(BYTES, 1)
  const times: number[] = []
  for (let i = 0; i < load.count; i++) {
    await new Promise(resolve => setTimeout(resolve, 1_000 / load.perSecond))
    const startedAt = performance.now()
    writeSync(file, bytes)
    fdatasyncSync(file)
    times.push(performance.now() - startedAt)
  }
  closeSync(file)
  return times
}
