import pc from 'picocolors'
import type { z } from 'zod'
import type { sourcesAnswer } from '../admin/answers.ts'
import { getJson, readClientOrExit } from './api-client.ts'
import { EXIT } from './exit.ts'
import { formatTable, say } from './list-rows.ts'

/** Prints the sources in force. */
export async function listSources({ json }: { json?: boolean }): Promise<number> {
  const answer = await getJson<z.output<typeof sourcesAnswer>>(readClientOrExit(), '/api/sources')
  if (json === true) {
    say(JSON.stringify(answer))
    return EXIT.done
  }
  const rows = answer.sources.map(({ name, scheme, methods, bodyBytesMax, retired }) => [
    name,
    scheme,
    methods.join(', '),
    String(bodyBytesMax),
    retired ? 'retired' : '',
  ])
  const table = formatTable(['source', 'scheme', 'methods', 'largest body', 'state'], rows)
  for (const [n, line] of table.entries()) say(n === 0 ? pc.dim(line) : line)
  return EXIT.done
}
