/** Median of some numbers. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
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
