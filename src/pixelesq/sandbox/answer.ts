/** Codes the sandbox gives in `errors[].extensions.code`; none is documented by Pixelesq, the spellings are those of NestJS and Apollo. */
export type RefusalCode =
  | 'UNAUTHENTICATED'
  | 'FORBIDDEN'
  | 'TOO_MANY_REQUESTS'
  | 'CONFLICT'
  | 'NOT_FOUND'
  | 'BAD_USER_INPUT'
  | 'VALIDATION_FAILED'

export interface Refusal {
  ok: false
  code: RefusalCode
  message: string
}

/** What a rule answers. `changed` is false where the request succeeded without a new effect (a repetition, an empty patch). */
export type Answer<T> =
  | { ok: true; value: T; changed: boolean; message: string | null; warnings: string[] | null }
  | Refusal

export function refuse(code: RefusalCode, message: string): Refusal {
  return { ok: false, code, message }
}

export function apply<T>(value: T, warnings: string[] = []): Answer<T> {
  return { ok: true, value, changed: true, message: null, warnings: warnings.length === 0 ? null : warnings }
}

export function keep<T>(value: T, message: string): Answer<T> {
  return { ok: true, value, changed: false, message, warnings: null }
}
