import type { LoadContext } from '../mapping/load-mappings.ts'
import type { JudgeSetup } from '../route/wire.ts'
import type { PastEvent } from '../store/reports.ts'
import type { RehearsedPage } from './rehearsal-result.ts'

/** What the rehearsing thread makes its rules from: plain data, no secrets. */
export interface RehearsalSetup extends Omit<JudgeSetup, 'mappings' | 'searchesPayloads'> {
  mappingsFolder: string
  schemaFile: string | null
  context: LoadContext
  /** Hash of every mapping in force: the files on disk must be those. */
  hashes: Readonly<Record<string, string>>
  /** Only this mapping; null = all. */
  only: string | null
}

export interface ToRehearsal {
  events: readonly PastEvent[]
}
export type FromRehearsal =
  | { kind: 'ready' }
  /** The files on disk are not those in force. */
  | { kind: 'differs' }
  | { kind: 'page'; page: RehearsedPage }
