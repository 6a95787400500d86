import type { PayloadForm } from '../mapping/parse-payload.ts'
import type { MappingFiles } from '../mapping/read-mapping-files.ts'
import type { Setup } from '../setup/setup.ts'
import type { RecordedEvent, RouteDecision } from '../store/store.ts'

/** What the judging thread makes its rules from: plain data, no secrets. */
export interface JudgeSetup {
  sources: readonly { name: string; eventType: string | null; form: PayloadForm }[]
  integrations: readonly string[]
  constants: Readonly<Record<string, unknown>>
  files: MappingFiles
  jsonDepthMax: number
  jobsPerEventMax: number
}

export type ToJudge = { kind: 'setup'; setup: JudgeSetup } | { kind: 'judge'; events: readonly RecordedEvent[] }
export interface FromJudge {
  decisions: RouteDecision[]
}

/** Picks what judgement needs out of a setup. */
export function judgeSetup({ config, files }: Setup): JudgeSetup {
  return {
    sources: [...config.sources.values()].map(({ name, eventType, preset }) => ({
      name,
      eventType,
      form: preset.form,
    })),
    integrations: [...config.integrations.keys()],
    constants: config.constants,
    files,
    jsonDepthMax: config.limits.jsonDepthMax,
    jobsPerEventMax: config.limits.jobsPerEventMax,
  }
}
