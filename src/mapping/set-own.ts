/**
 * Sets a property as data, whatever its name: `__proto__` becomes an own key and pollutes nothing (as JSON.parse does).
 */
export function setOwn(target: object, key: string, value: unknown): void {
  if (key !== '__proto__') {
    ;(target as Record<string, unknown>)[key] = value
    return
  }
  Object.defineProperty(target, key, { value, writable: true, enumerable: true, configurable: true })
}
