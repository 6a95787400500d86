/** Ends a command with its exit code. */
export type End = (code: number | undefined) => void
