/** What was taken over while a window was open. */
export interface Captured {
  fingerprint: string
  secret: string
  /** Whether deliveries are verified with it already; false where the files on disk are not valid at the moment. */
  inForce: boolean
}

/** A time in which one source takes the secret over that its sender hands out, because a person is setting that up. */
export interface CaptureWindow {
  /** The fingerprint of the secret that may be replaced; null = the source has none. */
  replaces: string | null
  /** Ends the window with what came of it. */
  end(captured: Captured | null): void
}

/** The windows that are open, one a source at most. In memory: a restart closes them. */
export interface CaptureWindows {
  /** Opens one until its end is told, or `close` is called; null where one is open. */
  open(source: string, replaces: string | null): OpenWindow | null
  find(source: string): CaptureWindow | null
}

export interface OpenWindow {
  /** What was captured; null = it was closed before. */
  ended: Promise<Captured | null>
  close(): void
}

/** Makes the windows, none of them open. */
export function createCaptureWindows(): CaptureWindows {
  const windows = new Map<string, CaptureWindow>()
  return {
    open(source, replaces) {
      if (windows.has(source)) return null
      const { promise, resolve } = Promise.withResolvers<Captured | null>()
      const end = (captured: Captured | null): void => {
        windows.delete(source)
        resolve(captured)
      }
      windows.set(source, { replaces, end })
      return { ended: promise, close: () => end(null) }
    },
    find: source => windows.get(source) ?? null,
  }
}
