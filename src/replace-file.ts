import { randomUUID } from 'node:crypto'
import { mkdir, open, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

/**
 * Puts a text in place of a file, whole or not at all: written beside it, forced to disk, renamed. A crash or a full disk
 * leaves the old file or the new one.
 */
export async function replaceFile(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  // the leading dot keeps it out of the mapping folder's files for as long as it is there
  const beside = join(dirname(path), `.${basename(path)}.${randomUUID()}`)
  try {
    const handle = await open(beside, 'wx', 0o644)
    try {
      await handle.writeFile(text)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(beside, path)
  } catch (error) {
    await rm(beside, { force: true })
    throw error
  }
}
