import { compileScheme, type Scheme } from '../src/verify/compile-scheme.ts'
import { definitionFromSource } from '../src/verify/definition-from-source.ts'

/** Compiles the scheme of a source given as in `bridge.json`. */
export function compileSource({ scheme, ...source }: Readonly<Record<string, unknown>>): Scheme {
  const read = definitionFromSource(scheme, source)
  if (!read.ok) throw new Error(JSON.stringify(read.problems))
  return compileScheme(read.definition, read.settings)
}
