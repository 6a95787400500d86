import type { StepDraft } from './compile-steps.ts'
import type { Operation } from './operation.ts'
import type { TextFile } from './read-mapping-files.ts'

/** The actions and operations that mappings use, directly, through an action or to verify. */
export interface UsedFlows {
  actions: ReadonlySet<string>
  operations: ReadonlySet<string>
}

/** Finds what mapping files use, those with problems too: only names of `action` and `operation` are looked at. */
export function usedFlows(
  mappings: readonly TextFile[],
  actions: ReadonlyMap<string, { compiled: { drafts: readonly StepDraft[] } }>,
  known: ReadonlyMap<string, Operation>,
): UsedFlows {
  const named = { action: new Set<string>(), operation: new Set<string>() }
  for (const { text } of mappings) {
    // A text scan, since it also runs for a thousand unchanged files at each reload.
    for (const [, key, name] of text.matchAll(/"(action|operation)"\s*:\s*"([^"\\]+)"/g)) {
      named[key as keyof typeof named].add(name!)
    }
  }
  const used = [...named.operation, ...[...named.action].flatMap(name => operationsOf(actions.get(name)))]
  const verifying = used.flatMap(name => known.get(name)?.verify?.operation ?? [])
  return { actions: named.action, operations: new Set([...used, ...verifying]) }
}

function operationsOf(action: { compiled: { drafts: readonly StepDraft[] } } | undefined): string[] {
  return (action?.compiled.drafts ?? []).flatMap(({ body }) => {
    return body.kind === 'operation' && body.operation !== null ? [body.operation.name] : []
  })
}
