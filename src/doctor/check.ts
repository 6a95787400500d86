/** One thing that was looked at. `found` is one line; `todo` says what to do about what is not ok. */
export interface Check {
  name: string
  status: 'ok' | 'warning' | 'failed'
  found: string
  todo: string | null
}

export function ok(name: string, found: string): Check {
  return { name, status: 'ok', found, todo: null }
}

export function warning(name: string, found: string, todo: string): Check {
  return { name, status: 'warning', found, todo }
}

export function failed(name: string, found: string, todo: string): Check {
  return { name, status: 'failed', found, todo }
}
