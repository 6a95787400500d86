/**
 * Finds the candidate a mistyped word most probably meant, or null when none is close.
 * Close: the same but for case, or at most one change (insert, delete, replace, swap) per three letters, and `changesMax`.
 */
export function suggest(word: string, candidates: Iterable<string>, changesMax = Infinity): string | null {
  const lowered = word.toLowerCase()
  const allowed = Math.min(changesMax, Math.max(1, Math.floor(word.length / 3)))
  let best: { candidate: string; distance: number } | null = null
  for (const candidate of candidates) {
    if (candidate === word || Math.abs(candidate.length - word.length) > allowed) continue
    const distance = countChanges(lowered, candidate.toLowerCase())
    if (distance <= allowed && (best === null || distance < best.distance)) best = { candidate, distance }
  }
  return best?.candidate ?? null
}

/** Optimal string alignment distance: Levenshtein plus swaps of neighbours. */
function countChanges(left: string, right: string): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: right.length + 1 }, (_, i) => i)
  for (let i = 1; i <= left.length; i++) {
    const row = [i]
    for (let j = 1; j <= right.length; j++) {
      const same = left[i - 1] === right[j - 1]
      let cost = Math.min(row[j - 1]! + 1, last[j]! + 1, last[j - 1]! + (same ? 0 : 1))
      if (i > 1 && j > 1 && left[i - 1] === right[j - 2] && left[i - 2] === right[j - 1]) {
        cost = Math.min(cost, beforeLast[j - 2]! + 1)
      }
      row.push(cost)
    }
    beforeLast = last
    last = row
  }
  return last[right.length]!
}
