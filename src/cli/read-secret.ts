import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'
import { cliError, EXIT } from './exit.ts'
import { readInput } from './read-input.ts'

/**
 * Reads a secret: from standard input, whole, without one trailing line break; at a terminal it is asked for and not
 * shown. Never from the command line, which every user of the machine can see and the shell remembers.
 */
export async function readSecret(prompt: string): Promise<string> {
  if (process.stdin.isTTY !== true)
    return readInput('-')
      .toString('utf8')
      .replace(/\r?\n$/, '')
  process.stderr.write(prompt)
  // what is typed is echoed to this
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() })
  const asked = createInterface({ input: process.stdin, output: nowhere, terminal: true })
  try {
    return await new Promise<string>((resolve, reject) => {
      asked.once('close', () => reject(new Error('closed')))
      asked.question('').then(resolve, reject)
    })
  } catch {
    throw cliError(EXIT.failed, 'nothing was said: no secret is set')
  } finally {
    asked.close()
    process.stderr.write('\n')
  }
}
