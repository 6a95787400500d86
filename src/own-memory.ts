/** The memory of a view, where it is the view's alone: not a part of Node's pool or of a larger buffer, not shared. */
export function ownMemory(bytes: Uint8Array): ArrayBuffer | null {
  const { buffer } = bytes
  return buffer instanceof ArrayBuffer && buffer.byteLength === bytes.byteLength && bytes.byteLength > 0 ? buffer : null
}

/**
 * Gives the memory of a view back at once. Left to garbage collection, bodies pile up: V8 counts memory outside its heap
 * only in steps of tens of megabytes. Does nothing where the memory is not the view's alone.
 */
export function freeMemory(bytes: Uint8Array): void {
  ownMemory(bytes)?.transfer(0)
}
