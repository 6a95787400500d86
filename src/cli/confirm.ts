import { createInterface } from 'node:readline/promises'

interface Terminal {
  input: NodeJS.ReadableStream & { isTTY?: boolean }
  output: NodeJS.WritableStream & { isTTY?: boolean }
}

/** Asks the person at the terminal; "y" or "yes" is a yes. Where nobody is there, nothing is asked, and that is a no. */
export async function confirm(
  question: string,
  { input, output }: Terminal = { input: process.stdin, output: process.stdout },
): Promise<boolean> {
  if (input.isTTY !== true || output.isTTY !== true) return false
  const lines = createInterface({ input, output })
  try {
    return /^\s*y(es)?\s*$/i.test(await lines.question(`${question} [y/N] `))
  } finally {
    lines.close()
  }
}
