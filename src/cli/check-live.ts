import type { Problem } from '../mapping/problem.ts'
import { checkLive as askEndpoint, LIVE_TIME_MAX_MS } from '../pixelesq/live/check-live.ts'
import type { Setup } from '../setup/setup.ts'

/**
 * What `check --live` adds to `check`: problems of tokens, endpoint and schema, and `notes` for people, one line each.
 * Asks the configured endpoint with every integration's token that is at hand; writes nothing there.
 */
export async function checkLive(
  setup: Setup,
  timeMs = LIVE_TIME_MAX_MS,
): Promise<{ problems: Problem[]; notes: string[] }> {
  const { integrations, sealed } = setup.config
  const isAtHand = (name: string): boolean => !sealed.unopened.includes(`/integrations/${name}/token`)
  const atHand = new Map([...integrations].filter(([name]) => isAtHand(name)))
  return askEndpoint({ ...setup, config: { ...setup.config, integrations: atHand } }, timeMs)
}
