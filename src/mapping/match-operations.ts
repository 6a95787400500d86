import { compareValues, type Difference } from './compare-values.ts'
import { showValue } from './show-value.ts'

export interface ExpectedOperation {
  operation: string
  /** Left out: any. */
  variables?: Readonly<Record<string, unknown>> | undefined
}

export interface FoundOperation {
  operation: string
  variables: Readonly<Record<string, unknown>>
  isRead: boolean
}

/** How the known part of a flow ends. */
export type FlowEnd =
  | { kind: 'done'; words: string }
  /** Operations that may follow, in order, and the steps whose answers decide on them. */
  | { kind: 'open'; possible: readonly { operation: string; isRead: boolean }[]; needs: readonly string[] }

export type OperationsMatch =
  | { kind: 'same' }
  | { kind: 'different'; differences: readonly Difference[] }
  /** Everything that is known agrees, but not everything is known. */
  | { kind: 'undecided'; needs: readonly string[] }

/**
 * Compares the operations a flow sends with those a test expects: the same sequence, from which the test may leave out
 * reads. What follows an answer that is not given is undecided, unless no step could send what is expected. Pure.
 */
export function matchOperations(
  expected: readonly ExpectedOperation[],
  found: readonly FoundOperation[],
  end: FlowEnd,
): OperationsMatch {
  let at = 0
  let from = 0
  for (const [i, operation] of found.entries()) {
    const wanted = expected[at]
    if (wanted !== undefined && isSame(wanted, operation)) {
      at++
      from = i + 1
    } else if (!operation.isRead) return different(wanted, at, found.slice(from, i + 1), operation.operation)
  }
  if (at === expected.length) {
    // "sends nothing" is said of writes, and one may follow
    const mayWrite = end.kind === 'open' && end.possible.some(({ isRead }) => !isRead)
    return expected.length === 0 && mayWrite ? { kind: 'undecided', needs: end.needs } : { kind: 'same' }
  }
  if (end.kind === 'done') return different(expected[at], at, found.slice(from), end.words)
  return isPossible(expected.slice(at), end.possible)
    ? { kind: 'undecided', needs: end.needs }
    : different(expected[at], at, found.slice(from), 'no step that could send it here')
}

function isSame(wanted: ExpectedOperation, { operation, variables }: FoundOperation): boolean {
  if (wanted.operation !== operation) return false
  return wanted.variables === undefined || compareValues(wanted.variables, variables, '').length === 0
}

function isPossible(expected: readonly ExpectedOperation[], possible: readonly { operation: string }[]): boolean {
  let at = 0
  for (const { operation } of possible) if (expected[at]?.operation === operation) at++
  return at === expected.length
}

/** Where an operation of the expected name was found, its variables are compared with the nearest of them. */
function different(
  wanted: ExpectedOperation | undefined,
  at: number,
  candidates: readonly FoundOperation[],
  otherwise: string,
): OperationsMatch {
  const path = `operations[${at}]`
  if (wanted === undefined) {
    const extra = candidates.at(-1)
    const found = extra === undefined ? otherwise : `${extra.operation} ${showValue(extra.variables)}`
    return { kind: 'different', differences: [{ path, expected: 'nothing more', found }] }
  }
  const compared = candidates
    .filter(({ operation }) => operation === wanted.operation)
    .map(({ variables }) => compareValues(wanted.variables, variables, `${path}.variables`))
    .sort((left, right) => left.length - right.length)
  const differences = compared[0] ?? [{ path, expected: wanted.operation, found: otherwise }]
  return { kind: 'different', differences }
}
