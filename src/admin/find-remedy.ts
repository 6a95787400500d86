import type { JobState } from '../store/jobs.ts'

/** What can be done about a job, by its state and reason; docs/operations.md has the same words, and what each reason means. */
export const REMEDIES: Readonly<Record<'held' | 'dead', Readonly<Record<string, string>>>> = {
  held: {
    in_doubt: 'look in Pixelesq, then settle; where the API did not answer, retry asks again',
    found_different: 'look at both, then settle, or discard',
    poison: 'look at its event and at the memory of the process, then settle or retry',
    restored: 'look in Pixelesq: retry sends it and those behind it in its key, discard gives it up',
    mapping_changed: 'put the first steps back as they were and retry; or retry --from-start; or discard',
    mapping_missing: 'put it back and retry, or discard',
    integration_missing: 'put it back and retry, or discard',
    operation_missing: 'put it back and retry, or discard',
    mapping_held: 'do what it says, then retry, or discard',
    slug_suffixed: 'look at the entry, then discard, or correct it and retry',
    slug_taken: 'free the slug and retry, or discard',
    entry_not_found: 'make it and retry, or discard',
    redirect_taken: 'remove that one and retry, or discard',
    required_missing: 'give them in the mapping and retry',
  },
  dead: {
    attempts_used_up: 'see that the API answers, then retry',
    rejected: 'correct the mapping or the content, then retry',
    forbidden: 'give its user the role, then retry',
    version_conflict: 'retry',
    schema_drift: 'put your own version of the operation into mappings/operations, see check --live, then retry',
    expired: 'nothing, or retry',
    payload_pruned: 'nothing; let the sender deliver again',
    poison: 'look at its event and at the memory of the process before you retry',
    discarded: 'nothing, or retry',
    missing_key: 'has() or default() in the mapping, then retry; events show has the payload',
    mapping_type: 'correct the mapping, then retry',
    invalid_value: 'correct the mapping, then retry',
    invalid_text: 'fix the sender',
    precision_loss: 'let the sender write it as text',
    too_large: 'correct the mapping, then retry',
    mapping_cost: 'make them simpler, then retry',
    variables_too_large: 'send less',
    too_many_items: 'raise the limit or narrow forEach, then retry',
    malformed_json: 'correct the source, then retry',
    malformed_form: 'fix the sender',
    too_deep: 'raise the limit, then retry',
    too_many_values: 'fix the sender',
    invalid_utf8: 'fix the sender',
    empty_body: 'fix the sender',
    unsupported_charset: 'fix the sender',
  },
}

const IN_DOUBT = 'nothing yet: the API is asked whether the write arrived; settle it if you know'

/** Says what can be done about a job that has stopped; null for one that goes on, or has succeeded. */
export function findRemedy(state: JobState, reason: string | null): string | null {
  if (state === 'in_doubt') return IN_DOUBT
  if (state !== 'held' && state !== 'dead') return null
  return (reason === null ? undefined : REMEDIES[state][reason]) ?? null
}
