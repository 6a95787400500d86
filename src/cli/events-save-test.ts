import type { z } from 'zod'
import type { eventAnswer } from '../admin/event-answers.ts'
import { createScope } from '../mapping/create-scope.ts'
import { parsePayload } from '../mapping/parse-payload.ts'
import { tryEvent } from '../plan/try-payload.ts'
import { queryOf } from '../source/query-of.ts'
import { headerMap } from '../source/redact-headers.ts'
import { cliError, EXIT } from './exit.ts'
import { loadSetupOrExit } from './load-setup-or-exit.ts'
import { type SavedTest, saveTest } from './try-save-test.ts'

/** An event as the API gives it. */
export type StoredEvent = z.output<typeof eventAnswer>

interface SaveOptions {
  name: string
  /** null = the one mapping that took it. */
  mapping: string | null
  config?: string
}

/**
 * Saves a stored event as a test of a mapping: what the mapping files here make of it now. The mapping folder is that of
 * the configuration in the working directory, which need not be the service's.
 */
export async function saveStoredEvent(event: StoredEvent, body: Buffer, options: SaveOptions): Promise<SavedTest> {
  const setup = await loadSetupOrExit(options)
  const name = options.mapping ?? findTaker(event)
  const mapping = setup.mappings.get(name)
  if (mapping === undefined)
    throw cliError(EXIT.usage, `"${name}": expected one of the mappings ${[...setup.mappings.keys()].join(', ')}`)
  const headers = headerMap(event.headers.flat())
  const form = setup.sources.get(event.source)?.form ?? null
  const limits = { depthMax: setup.config.limits.jsonDepthMax }
  const parsed = parsePayload(body, headers['content-type'] ?? null, event.query, limits, form)
  if (!parsed.ok) throw cliError(EXIT.failed, `the payload: ${parsed.message}`)
  const { id, source, type, key, receivedAt } = event
  const scope = createScope({
    event: { id, source, type: type ?? '', key, receivedAt: Date.parse(receivedAt) },
    payload: parsed.payload,
    lossy: parsed.lossy,
    headers,
    query: queryOf(event.query),
    constants: setup.config.constants,
  })
  const tried = { type, headers, scope }
  const trial = tryEvent(setup, mapping, tried)
  const json = isJson(body) ? body : Buffer.from(JSON.stringify(parsed.payload))
  return saveTest(setup, mapping, { name: options.name, body: json, event: tried, trial, preview: null })
}

/** A form, or the query of a GET, is saved as what it says. */
function isJson(body: Buffer): boolean {
  try {
    JSON.parse(body.toString('utf8').replace(/^\ufeff/, ''))
    return true
  } catch {
    return false
  }
}

function findTaker({ mappings }: StoredEvent): string {
  const takers = mappings.filter(({ matched }) => matched).map(({ mapping }) => mapping)
  if (takers.length === 1) return takers[0]!
  const found = takers.length === 0 ? 'none' : takers.join(', ')
  throw cliError(EXIT.usage, `--mapping: expected it where not one mapping took the event, found ${found}`)
}
