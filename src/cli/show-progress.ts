/** Shows on a terminal, on one line of standard error, how far something is; null clears the line. Elsewhere nothing. */
export function showProgress(text: string | null): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${text ?? ''}`)
}
