import { type Access, type Asked, askApi } from './ask-api.ts'

/** What two questions that write nothing show of a token. */
export type TokenProbe =
  /** Accepted for reading. `mayWrite`: false = writes are refused; null = not refused as far as that can be seen. */
  { ok: true; mayWrite: false | null } | { ok: false; asked: Extract<Asked, { ok: false }> }

/** Largest answer to a probe, in bytes; a user may have many projects. */
const PROBE_BYTES_MAX = 1_048_576

const READ = { operation: 'projects', document: 'query projects { projects { results { id } } }' }
/** A mutation that selects no field of the API, so nothing can run: GraphQL itself answers `__typename` (6.2.2). */
const WRITE = { operation: 'writeRole', document: 'mutation writeRole { __typename }' }

/**
 * Asks with a token for the list of projects and for the name of the mutation type, and writes nothing. A server that
 * decides by the kind of operation refuses the second to a Viewer, so a refusal is certain; one that decides field by
 * field cannot refuse what asks for no field, so that nothing was refused is no promise (pixelesq.md 6 knows of roles,
 * not of where they are looked at).
 */
export async function probeToken(access: Access, deadlineMs: number): Promise<TokenProbe> {
  const limits = { deadlineMs, responseBytesMax: PROBE_BYTES_MAX }
  const [read, write] = await Promise.all([
    askApi(access, { ...READ, ...limits }),
    askApi(access, { ...WRITE, ...limits }),
  ])
  // an API without `projects` says so in an answer of its own: the token got that far
  if (!read.ok && read.reason !== 'refused') return { ok: false, asked: read }
  return { ok: true, mayWrite: !write.ok && write.reason === 'forbidden' ? false : null }
}
