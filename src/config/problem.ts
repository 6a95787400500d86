/** What is wrong at a place of the configuration; `pointer` is a JSON pointer into the file. */
export interface ConfigFinding {
  pointer: string
  expected: string
  found: string
  suggestion?: string | null
  /** Left out = `invalid_value`. */
  code?: 'unknown_key' | 'invalid_value'
}
