import { withoutQuietNull } from './quiet-null.ts'
import { membersOf, type ValueType } from './value-type.ts'

/** Longest literal shown in a message, in characters. */
const LITERAL_CHARACTERS_MAX = 40

/** Most members named in a message. */
const MEMBERS_MAX = 12

/** What a type is called in messages: `int`, `"abc"`, `list of string`, `Page or null`. */
export function describeType(type: ValueType): string {
  const members = membersOf(withoutQuietNull(type))
  return members.length === 1 ? describeOne(members[0]!) : [...new Set(members.map(describeOne))].join(' or ')
}

function describeOne(type: ValueType): string {
  switch (type.kind) {
    case 'dyn':
      return 'any value'
    case 'never':
      return 'nothing'
    case 'bool':
      return type.value === null ? 'bool' : String(type.value)
    case 'number':
      if (type.value !== null) return String(type.value)
      return type.whole === true ? 'int' : type.whole === false ? 'double' : 'a number'
    case 'string':
      return type.value === null ? 'string' : describeText(type.value)
    case 'enum':
      return `${type.name} (an enum)`
    case 'list':
      return describeList(type.items?.length === 0 ? null : type.item)
    case 'object':
      return type.name === null ? 'an object' : `${type.name} (an object)`
    case 'opaque':
      return type.name.replace('google.protobuf.', '').toLowerCase()
    default:
      return type.kind
  }
}

function describeList(item: ValueType | null): string {
  if (item === null || item.kind === 'never') return 'an empty list'
  if (item.kind === 'dyn') return 'a list'
  if (item.kind === 'object') return `a list of ${item.name ?? 'objects'}`
  const inner = describeType(item)
  return `a list of ${inner}`
}

/** A text in double quotes, shortened. */
export function describeText(text: string): string {
  return JSON.stringify(text.length > LITERAL_CHARACTERS_MAX ? `${text.slice(0, LITERAL_CHARACTERS_MAX - 1)}…` : text)
}

/** `one of a, b, c`, shortened; for members, fields, and values of an enum. */
export function describeChoice(names: readonly string[]): string {
  if (names.length === 0) return 'no member: there are none'
  const shown = names.slice(0, MEMBERS_MAX).join(', ')
  return `one of ${shown}${names.length > MEMBERS_MAX ? `, … (${names.length} in all)` : ''}`
}
