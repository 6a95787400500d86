import type { SourceConfig } from '../config/read-source.ts'

/** Whether a source is the system we write to: its webhooks tell of our own writes too. */
export function tellsOfWrites({ preset }: SourceConfig): boolean {
  return preset.name === 'pixelesq'
}
