import pc from 'picocolors'
import type { IntegrationView } from '../admin/view-integration.ts'
import { showText } from '../mapping/show-value.ts'
import { actOnName } from './act-on-name.ts'
import { getJson, readClientOrExit } from './api-client.ts'
import { cliError, EXIT } from './exit.ts'
import { printTable, say, showInstant } from './list-rows.ts'

type Token = IntegrationView['tokens'][number]

async function readIntegrations(): Promise<IntegrationView[]> {
  const { integrations } = await getJson<{ integrations: IntegrationView[] }>(readClientOrExit(), '/api/integrations')
  return integrations
}

/** Prints every integration with its token in force, and what should be seen of it. */
export async function listIntegrations({ json }: { json?: boolean }): Promise<number> {
  const integrations = await readIntegrations()
  if (json === true) {
    say(JSON.stringify({ integrations }))
    return EXIT.done
  }
  if (integrations.length === 0) {
    say('no integrations')
    return EXIT.done
  }
  const heads = ['integration', 'state', 'token', 'token state', 'last used', 'rotate by', 'uses', 'warnings']
  const rows = integrations.map(integration => {
    const token = integration.tokens.find(({ state }) => state !== 'retired' && state !== 'retiring')
    return [
      integration.name,
      stateOf(integration),
      token?.fingerprint ?? null,
      token?.state ?? null,
      showInstant(token?.lastUsedAt ?? null),
      showInstant(token?.rotateBy ?? null),
      String(token?.uses ?? 0),
      (token?.warnings ?? []).join(', '),
    ]
  })
  printTable(heads, rows)
  return EXIT.done
}

/** Prints one integration with every token it ever had, and what each wrote. */
export async function showIntegration(name: string, { json }: { json?: boolean }): Promise<number> {
  const integration = (await readIntegrations()).find(each => each.name === name)
  if (integration === undefined) throw cliError(EXIT.failed, `expected an integration, found none named "${name}"`)
  if (json === true) say(JSON.stringify(integration))
  else printIntegration(integration)
  return EXIT.done
}

/** Puts the token that stands where bridge.json says in force; 1 where it was refused. */
export function rotateToken(name: string, { json }: { json?: boolean }): Promise<number> {
  return actOnName('integrations', name, 'rotate', {}, json)
}

/** Stops a token for good; 1 where there is none. */
export function revokeToken(name: string, { token, json }: { token?: string; json?: boolean }): Promise<number> {
  return actOnName('integrations', name, 'revoke', token === undefined ? {} : { token }, json)
}

/** One word for whether its jobs are claimed. */
function stateOf({ configured, paused, circuit }: IntegrationView): string {
  if (!configured) return 'not configured'
  if (paused !== null) return 'paused'
  return circuit.state === 'open' || circuit.state === 'half_open' ? `circuit ${circuit.state}` : 'running'
}

function printIntegration(integration: IntegrationView): void {
  const { name, purpose, owner, tokenReference, paused, circuit, tokens } = integration
  say(`${pc.bold(name)}  ${stateOf(integration)}`)
  if (purpose !== null) say(`  ${showText(purpose)}${owner === null ? '' : ` (${showText(owner)})`}`)
  if (paused !== null)
    say(
      `  paused since ${showInstant(paused.since)} by ${showText(paused.by)}${paused.reason === null ? '' : `: ${showText(paused.reason)}`}`,
    )
  if (circuit.openedAt !== null)
    say(
      `  circuit ${circuit.state}: opened ${showInstant(circuit.openedAt)}${circuit.until === null ? '' : `, one job tries again ${showInstant(circuit.until)}`}`,
    )
  if (tokenReference !== null) say(`  token from ${showText(tokenReference)}`)
  for (const token of tokens) printToken(token)
}

function printToken(token: Token): void {
  const { fingerprint, state, firstSeenAt, lastUsedAt, rotateBy, uses, lastAnswer, revokedAt, warnings, writes } = token
  say(`  ${fingerprint}  ${state}${warnings.length === 0 ? '' : `  ${pc.yellow(warnings.join(', '))}`}`)
  const used = lastUsedAt === null ? 'never used' : `last used ${showInstant(lastUsedAt)}, ${uses} uses`
  say(
    `      first seen ${showInstant(firstSeenAt)}, ${used}${lastAnswer === null ? '' : `, last answer ${lastAnswer}`}`,
  )
  if (rotateBy !== null) say(`      rotate by ${showInstant(rotateBy)}`)
  if (revokedAt !== null) say(`      revoked ${showInstant(revokedAt)}`)
  for (const { mapping, operation, writes: count, lastAt } of writes)
    say(`      ${count} × ${showText(operation)} by ${showText(mapping)}, last ${showInstant(lastAt)}`)
}
