import { type EventPayloads, readEventPayloads } from './event-payload.ts'
import type { EventSchemaFile } from './find-event-schema.ts'
import { DYN, type ValueType } from './value-type.ts'

/** What is known of the payloads of sources. */
export interface PayloadTypes {
  /** Changes with what is known. */
  key: string
  /** The payload of the events a mapping takes from a source; dyn where only the event tells. */
  payloadOf(source: string, on: readonly string[] | undefined): ValueType
}

/** Most payload types kept between loads; beyond it all are dropped. */
const KEPT_MAX = 200

/** By schema and events: a reload asks for the same ones, and the schema itself (600 KB of JSON) need not be kept for it. */
const kept = new Map<string, ValueType>()

/** Opens the payload types of sources by their presets. A schema is read when the first mapping asks for an event of it. */
export function openPayloadTypes(
  presets: ReadonlyMap<string, string>,
  find: (preset: string) => EventSchemaFile | null,
): PayloadTypes {
  const names = [...new Set(presets.values())].sort()
  const files = new Map(names.map(preset => [preset, find(preset)] as const))
  const read = new Map<EventSchemaFile, EventPayloads | null>()
  const payloadsOf = (file: EventSchemaFile): EventPayloads | null => {
    if (!read.has(file)) read.set(file, readEventPayloads(file.read() ?? ''))
    return read.get(file)!
  }
  return {
    key: JSON.stringify([[...presets].sort(), names.map(preset => files.get(preset)?.key ?? null)]),
    payloadOf(source, on) {
      const file = files.get(presets.get(source) ?? '') ?? null
      if (file === null || on === undefined) return DYN
      const key = JSON.stringify([file.key, on])
      const type = kept.get(key) ?? payloadsOf(file)?.payloadOf(on) ?? DYN
      if (kept.size >= KEPT_MAX) kept.clear()
      kept.set(key, type)
      return type
    },
  }
}
