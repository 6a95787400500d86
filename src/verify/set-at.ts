import { setOwn } from '../mapping/set-own.ts'

/** Sets the value at a path of an object, making the objects on the way; nothing where the way is blocked. */
export function setAt(json: unknown, path: readonly string[], value: unknown): void {
  let parent = json
  for (const [i, key] of path.entries()) {
    if (typeof parent !== 'object' || parent === null || Array.isArray(parent)) return
    const own = parent as Record<string, unknown>
    if (i === path.length - 1) setOwn(own, key, value)
    else if (!Object.hasOwn(own, key)) setOwn(own, key, {})
    parent = own[key]
  }
}
