import { membersOf, type ValueType } from './value-type.ts'

/**
 * A null that may come whatever the sender's schema says, as in any member of a payload: a fallback for it may be used, but
 * nobody is warned of it.
 */
export const QUIET_NULL: ValueType = { kind: 'null', isQuiet: true }

/** Whether it may be null at all. */
export function allowsNull(type: ValueType): boolean {
  return membersOf(type).some(({ kind }) => kind === 'null')
}

/** The value where it is not a null nobody is warned of; the type itself where it is nothing else. */
export function withoutQuietNull(type: ValueType): ValueType {
  if (type.kind !== 'union') return type
  const of = type.of.filter(member => member.kind !== 'null' || member.isQuiet !== true)
  return of.length === type.of.length ? type : of.length === 1 ? of[0]! : { kind: 'union', of }
}
