import type { Verification } from '../mapping/operation.ts'

/** What the answer of a verify query says of a write whose own answer was lost. */
export type Found = { kind: 'applied'; data: unknown } | { kind: 'absent' } | { kind: 'different'; message: string }

/** Reads the answer of a verify query; what cannot be evaluated is not taken for absence. Pure. */
export function readVerification(
  verify: Verification,
  variables: Record<string, unknown>,
  result: Record<string, unknown>,
): Found {
  const scope = { variables, result }
  const applied = verify.applied.evaluate(scope)
  if (!applied.ok) return { kind: 'different', message: `the verify query could not be read: ${applied.message}` }
  if (applied.value === true) {
    const adopted = verify.adopt?.evaluate(scope) ?? { ok: true as const, value: {} }
    return adopted.ok
      ? { kind: 'applied', data: adopted.value }
      : { kind: 'different', message: `it was applied, but its result could not be read: ${adopted.message}` }
  }
  const different = verify.different?.evaluate(scope) ?? { ok: true as const, value: false }
  if (!different.ok || different.value === true)
    return { kind: 'different', message: 'something is there, but not what was sent' }
  return { kind: 'absent' }
}
