import { isMap } from '../../is-map.ts'
import { setOwn } from '../set-own.ts'

/**
 * Says whether an RFC 7396 merge patch would change the value: absent members keep, null removes, lists and scalars
 * replace. Both arguments are plain JSON; a member that is null on one side and absent on the other counts as equal
 * (a patch cannot write null).
 */
export function wouldChange(current: unknown, patch: unknown): boolean {
  if (!isMap(patch)) return !isSameJson(current, patch)
  if (!isMap(current)) return true
  return Object.entries(patch).some(([key, item]) => {
    const present = Object.hasOwn(current, key) ? current[key] : null
    if (item === null) return present !== null
    return present === null ? true : wouldChange(present, item)
  })
}

/** Applies an RFC 7396 merge patch and returns the new value; neither argument is changed. */
export function applyMergePatch(current: unknown, patch: unknown): unknown {
  if (!isMap(patch)) return patch
  const merged = {}
  if (isMap(current)) {
    for (const [key, item] of Object.entries(current))
      if (!Object.hasOwn(patch, key) || patch[key] !== null) setOwn(merged, key, item)
  }
  for (const [key, item] of Object.entries(patch)) {
    if (item === null) continue
    const present = Object.hasOwn(merged, key) ? (merged as Record<string, unknown>)[key] : undefined
    setOwn(merged, key, applyMergePatch(present, item))
  }
  return merged
}

/** Deep equality of plain JSON, member order aside. */
function isSameJson(left: unknown, right: unknown): boolean {
  if (left === right) return true
  if (Array.isArray(left) && Array.isArray(right)) {
    return left.length === right.length && left.every((item, i) => isSameJson(item, right[i]))
  }
  if (!isMap(left) || !isMap(right)) return false
  const keys = Object.keys(left)
  return (
    keys.length === Object.keys(right).length &&
    keys.every(key => Object.hasOwn(right, key) && isSameJson(left[key], right[key]))
  )
}
