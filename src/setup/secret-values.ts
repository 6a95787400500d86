import type { Config } from '../config/load-config.ts'

/** Every secret of a configuration: what must be in no log line. */
export function secretValues(config: Config): string[] {
  const sources = [...config.sources.values()].flatMap(({ secrets, settings, reconcile }) => [
    ...secrets.map(secret => secret.value),
    ...(settings.verifyToken === undefined ? [] : [settings.verifyToken]),
    ...(reconcile === null ? [] : [reconcile.token]),
  ])
  // one that is sealed is empty until the store is open
  const tokens = [...config.integrations.values()].map(integration => integration.token).filter(token => token !== '')
  const { webhook = null } = config.alerts ?? {}
  const told = webhook === null ? [] : [webhook.secret]
  return [...sources, ...tokens, ...told, ...config.adminKeys.map(({ key }) => key)]
}
