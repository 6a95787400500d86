import { parseForm } from '../mapping/parse-form.ts'

/** A raw query as expressions see it. */
export function queryOf(query: string): Readonly<Record<string, unknown>> {
  if (query === '') return {}
  const parsed = parseForm(query)
  return parsed.ok ? parsed.fields : {}
}
