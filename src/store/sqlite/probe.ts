import { statfsSync } from 'node:fs'
import { dirname } from 'node:path'
import type { StoreHealth } from '../upkeep.ts'
import type { StoreContext } from './context.ts'

/** Tries a write and reads the free disk space. */
export function probe({ db, file, diskFreeMinBytes }: StoreContext): (now: number) => StoreHealth {
  const write = db.prepare(`
    insert into meta (name, value)
    values ('probed_at', ?)
    on conflict (name) do update set value = excluded.value`)
  return now => {
    write.run(now)
    const diskFreeBytes = readDiskFree(file)
    const low = diskFreeBytes < diskFreeMinBytes
    return { writable: true, diskFreeBytes, diskFreeMinBytes, reason: low ? 'disk_low' : null }
  }
}

/** Free bytes on the disk of a file, for an ordinary user. */
export function readDiskFree(file: string): number {
  const disk = statfsSync(dirname(file))
  return disk.bavail * disk.bsize
}
