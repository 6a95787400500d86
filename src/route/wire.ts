import type { MappingFile } from '../mapping/mapping-schema.ts'
import type { PayloadForm } from '../mapping/parse-payload.ts'
import type { Setup } from '../setup/setup.ts'
import { tellsOfWrites } from '../source/tells-of-writes.ts'
import type { PackedBody, RecordedEvent } from '../store/receipts.ts'
import type { RouteDecision } from '../store/routes.ts'

/** What the judging thread makes its rules from: plain data, no secrets. */
export interface JudgeSetup {
  sources: readonly { name: string; eventType: string | null; form: PayloadForm; mayEcho: boolean }[]
  constants: Readonly<Record<string, unknown>>
  mappings: readonly { name: string; file: MappingFile }[]
  jsonDepthMax: number
  jobsPerEventMax: number
  searchesPayloads: boolean
}

export type ToJudge = { kind: 'setup'; setup: JudgeSetup } | { kind: 'judge'; events: readonly SentEvent[] }
/** `ready`: the thread has loaded what it is made of. */
export type FromJudge = { kind: 'ready' } | { kind: 'decided'; decisions: RouteDecision[] }

/** An event on its way to the thread: a list without names, because each name would be copied with each event. */
export type SentEvent = readonly [
  seq: number,
  id: string,
  source: string,
  type: string | null,
  key: string,
  query: string,
  headers: string,
  encoding: PackedBody['encoding'],
  body: Uint8Array,
  receivedAt: number,
]

/** Packs an event for the thread; its body is given away where `bodyMemory` says so. */
export function packEvent(event: RecordedEvent): SentEvent {
  const { seq, id, source, type, key, query, headers, body, receivedAt } = event
  return [
    seq,
    id,
    source,
    type,
    key,
    query,
    typeof headers === 'string' ? headers : JSON.stringify(headers),
    body.encoding,
    body.bytes,
    receivedAt,
  ]
}

/** Opens what `packEvent` made. */
export function unpackEvent(sent: SentEvent): RecordedEvent {
  const [seq, id, source, type, key, query, headers, encoding, bytes, receivedAt] = sent
  return {
    seq,
    id,
    source,
    type,
    key,
    method: '',
    query,
    headers,
    body: { encoding, bytes },
    receivedAt,
    receipt: 'recorded',
  }
}

/** Picks what judgement needs out of a setup. */
export function judgeSetup({ config, mappings }: Setup): JudgeSetup {
  return {
    sources: [...config.sources.values()].map(source => ({
      name: source.name,
      eventType: source.eventType,
      form: source.preset.form,
      mayEcho: tellsOfWrites(source),
    })),
    constants: config.constants,
    mappings: [...mappings.values()].map(({ name, json }) => ({ name, file: json })),
    jsonDepthMax: config.limits.jsonDepthMax,
    jobsPerEventMax: config.limits.jobsPerEventMax,
    searchesPayloads: config.search.payloads,
  }
}
