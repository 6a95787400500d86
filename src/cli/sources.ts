import type { z } from 'zod'
import type { mappingsAnswer, sourcesAnswer } from '../admin/setup-answers.ts'
import { getJson, readClientOrExit } from './api-client.ts'
import { EXIT } from './exit.ts'
import { printTable, say, showInstant } from './list-rows.ts'

type Sources = z.output<typeof sourcesAnswer>
type Mappings = z.output<typeof mappingsAnswer>

/** Prints the sources in force, a line for each secret: which of them last proved a delivery. */
export async function listSources({ json }: { json?: boolean }): Promise<number> {
  const { sources } = await getJson<Sources>(readClientOrExit(), '/api/sources')
  if (json === true) say(JSON.stringify({ sources }))
  else {
    const rows = sources.flatMap(({ name, scheme, retired, paused, secrets }) => {
      const state = retired ? 'retired' : paused === null ? 'running' : 'paused'
      const lines = secrets.map(({ position, fingerprint, expiresAt, lastVerifiedAt }) => [
        ...(position === 1 ? [name, scheme, state] : ['', '', '']),
        String(position),
        fingerprint,
        showInstant(expiresAt),
        lastVerifiedAt === null ? 'never' : showInstant(lastVerifiedAt),
      ])
      return lines.length === 0 ? [[name, scheme, state, '', '', '', '']] : lines
    })
    print(['source', 'scheme', 'state', 'secret', 'fingerprint', 'expires', 'last verified'], rows, 'no sources')
  }
  return EXIT.done
}

/** Prints the mappings in force. */
export async function listMappings({ json }: { json?: boolean }): Promise<number> {
  const answer = await getJson<Mappings>(readClientOrExit(), '/api/mappings')
  if (json === true) say(JSON.stringify(answer))
  else {
    const rows = answer.mappings.map(({ name, source, integration, action, operations, description, ...mapping }) => [
      name,
      stateOf(mapping),
      source,
      integration,
      action ?? operations.join(', '),
      description,
    ])
    print(['mapping', 'state', 'source', 'integration', 'does', 'description'], rows, 'no mappings')
  }
  return EXIT.done
}

function stateOf({ paused, schemaDrift }: Pick<Mappings['mappings'][number], 'paused' | 'schemaDrift'>): string {
  if (paused !== null) return 'paused'
  return schemaDrift === null ? 'running' : 'schema drift'
}

function print(heads: readonly string[], rows: readonly (readonly (string | null)[])[], none: string): void {
  if (rows.length === 0) say(none)
  else printTable(heads, rows)
}
