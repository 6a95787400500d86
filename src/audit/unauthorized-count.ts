/** Counts requests without an admin key, so that nobody can fill the audit without one. */
export interface UnauthorizedCount {
  add(): void
  /** How many there were since the last time. */
  take(): number
  /** Takes a count back that could not be written. */
  giveBack(count: number): void
}

/** Begins at none. */
export function createUnauthorizedCount(): UnauthorizedCount {
  let count = 0
  return {
    add() {
      count++
    },
    take() {
      const taken = count
      count = 0
      return taken
    },
    giveBack(taken) {
      count += taken
    },
  }
}
