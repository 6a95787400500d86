import { matchesType } from '../match.ts'
import { withoutQuietNull } from './quiet-null.ts'
import { type Form, type JsonSchema, openSchemaReader, type SchemaReader } from './type-of-json-schema.ts'
import { DYN, membersOf, type ValueType } from './value-type.ts'

/** One event of a sender, as its header and its `action` name it. */
interface KnownEvent {
  /** `push`, `workflow_run.completed`; with `*` at the end where the payload's action may be any text. */
  type: string
  forms: readonly Form[]
}

/** The types of a sender's payloads, by the `on` of a mapping. */
export interface EventPayloads {
  /** What is common to the payloads of all events these patterns take; dyn where one of them names no known event. */
  payloadOf(on: readonly string[]): ValueType
}

/**
 * Reads payload types from GitHub's event schema as `@octokit/webhooks-schemas` has it: `oneOf` of `<event>_event` (of
 * `<event>$<action>` each) and `<event>$event`. An event is read when a mapping asks for it. Null where the text is no such schema.
 */
export function readEventPayloads(text: string): EventPayloads | null {
  const schema = parseSchema(text)
  if (schema === null) return null
  const reader = openSchemaReader(schema.definitions)
  const groups = new Map(schema.oneOf.map(group => [nameOfGroup(group), group] as const))
  const events = new Map<string, readonly KnownEvent[]>()
  const eventsOf = (name: string): readonly KnownEvent[] => {
    const present = events.get(name) ?? listEvents(name, groups.get(name)!, schema.definitions, reader)
    events.set(name, present)
    return present
  }
  return {
    payloadOf(on) {
      const forms: Form[] = []
      for (const pattern of on) {
        const names = [...groups.keys()].filter(name => matchesType(pattern.split('.')[0]!, name))
        const matched = names.flatMap(eventsOf).filter(({ type }) => takes(pattern, type))
        if (matched.length === 0) return DYN
        forms.push(...matched.flatMap(event => event.forms))
      }
      return forms.length === 0 ? DYN : reader.typeOf(forms, 'payload')
    },
  }
}

interface EventSchema {
  definitions: Readonly<Record<string, JsonSchema>>
  oneOf: readonly JsonSchema[]
}

function parseSchema(text: string): EventSchema | null {
  try {
    const { definitions, oneOf } = JSON.parse(text)
    return typeof definitions === 'object' && definitions !== null && Array.isArray(oneOf)
      ? { definitions, oneOf }
      : null
  } catch {
    return null
  }
}

/** `#/definitions/workflow_run_event`, `#/definitions/push$event` → the event's name. */
function nameOfGroup({ $ref = '' }: JsonSchema): string {
  return $ref.replace(/^#\/definitions\//, '').replace(/[_$]event$/, '')
}

function listEvents(
  name: string,
  group: JsonSchema,
  definitions: EventSchema['definitions'],
  reader: SchemaReader,
): KnownEvent[] {
  const whole = definitions[(group.$ref ?? '').replace(/^#\/definitions\//, '')]
  return (whole?.oneOf ?? [group]).flatMap(leaf => {
    const forms = reader.formsOf(leaf)
    return typesOf(name, reader.typeOf(forms, 'payload')).map(type => ({ type, forms }))
  })
}

/** The header's name, and the action where the payload has one (presets/github.json). */
function typesOf(name: string, payload: ValueType): string[] {
  const action = payload.kind === 'object' ? payload.fields.get('action') : undefined
  if (action === undefined) return [name]
  const types = membersOf(withoutQuietNull(action.type)).flatMap(member =>
    member.kind === 'enum' ? member.values.map(value => `${name}.${value}`) : [`${name}.*`],
  )
  return action.optional ? [name, ...types] : types
}

function takes(pattern: string, type: string): boolean {
  if (!type.endsWith('.*')) return matchesType(pattern, type)
  const [event, action, ...rest] = pattern.split('.')
  return action !== undefined && rest.length === 0 && matchesType(event!, type.slice(0, -2))
}
