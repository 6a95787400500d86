/** Median of some numbers. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

/** The number that so large a share of some numbers lies below; 0 where there are none. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
}

/** Prints rows as a table with aligned columns. */
export function printTable(rows: readonly Record<string, string | number>[]): void {
  const columns = Object.keys(rows[0] ?? {})
  const width = (column: string): number => Math.max(column.length, ...rows.map(row => String(row[column]).length))
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |\n`
  process.stdout.write(line(columns.map(column => column.padEnd(width(column)))))
  process.stdout.write(line(columns.map(column => '-'.repeat(width(column)))))
  for (const row of rows) process.stdout.write(line(columns.map(column => String(row[column]).padEnd(width(column)))))
}
