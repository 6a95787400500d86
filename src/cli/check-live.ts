import type { Problem } from '../mapping/problem.ts'
import { fileProblem } from '../mapping/source-file.ts'
import { checkLive as askEndpoint, LIVE_TIME_MAX_MS } from '../pixelesq/live/check-live.ts'
import type { Setup } from '../setup/setup.ts'
import { askIssuer } from '../source/ask-issuer.ts'

/** Time for each of the two questions to an issuer, in ms: together no longer than the endpoint has. */
const ISSUER_ASK_MS = LIVE_TIME_MAX_MS / 2

/**
 * What `check --live` adds to `check`: problems of tokens, endpoint and schema, and `notes` for people, one line each.
 * Asks the configured endpoint with every integration's token that is at hand, and the issuer of people's tokens for its
 * keys; writes nothing there.
 */
export async function checkLive(
  setup: Setup,
  timeMs = LIVE_TIME_MAX_MS,
): Promise<{ problems: Problem[]; notes: string[] }> {
  const { integrations, sealed } = setup.config
  const isAtHand = (name: string): boolean => !sealed.unopened.includes(`/integrations/${name}/token`)
  const atHand = new Map([...integrations].filter(([name]) => isAtHand(name)))
  const [endpoint, issuer] = await Promise.all([
    askEndpoint({ ...setup, config: { ...setup.config, integrations: atHand } }, timeMs),
    checkIssuer(setup.config),
  ])
  return { problems: [...endpoint.problems, ...issuer.problems], notes: [...endpoint.notes, ...issuer.notes] }
}

async function checkIssuer({ oidc, file }: Setup['config']): Promise<{ problems: Problem[]; notes: string[] }> {
  if (oidc === null) return { problems: [], notes: [] }
  const asked = await askIssuer(oidc, ISSUER_ASK_MS)
  if (asked.ok) return { problems: [], notes: [`admin.oidc: ${asked.message}`] }
  const expected = 'keys that tokens of the issuer can be checked with'
  const parts = { code: 'live_unreachable', message: `expected ${expected}`, expected, found: asked.message } as const
  return { problems: [{ ...fileProblem(file, parts), pointer: '/admin/oidc/issuer' }], notes: [] }
}
