import { isObject } from './is-object.ts'
import type { ConfigFinding } from './problem.ts'

type Env = Readonly<Record<string, string | undefined>>

/** Settings that the environment may override (interface.md 2). */
const OVERRIDES: Readonly<Record<string, string>> = {
  '/listen/host': 'BRIDGE_HOST',
  '/listen/port': 'BRIDGE_PORT',
  '/store': 'BRIDGE_STORE',
  '/mappings': 'BRIDGE_MAPPINGS',
  '/pixelesq/endpoint': 'BRIDGE_PIXELESQ_ENDPOINT',
}

/** Puts the overrides of the environment over the file's JSON. */
export function override(json: unknown, env: Env): unknown {
  if (!isObject(json) || Array.isArray(json)) return json
  const file = json as Record<string, unknown>
  const port = env.BRIDGE_PORT
  const listen = {
    ...(env.BRIDGE_HOST && { host: env.BRIDGE_HOST }),
    // what is no number stays as it is, so that the problem shows it
    ...(port && { port: /^\d{1,5}$/.test(port) ? Number(port) : port }),
  }
  const pixelesq = { ...(env.BRIDGE_PIXELESQ_ENDPOINT && { endpoint: env.BRIDGE_PIXELESQ_ENDPOINT }) }
  return {
    ...file,
    ...withSettings('listen', file.listen, listen),
    ...(env.BRIDGE_STORE && { store: env.BRIDGE_STORE }),
    ...(env.BRIDGE_MAPPINGS && { mappings: env.BRIDGE_MAPPINGS }),
    ...withSettings('pixelesq', file.pixelesq, pixelesq),
  }
}

/** A section that is no object stays as it is, so that it is reported. */
function withSettings(section: string, value: unknown, settings: object): object {
  if (Object.keys(settings).length === 0 || (value !== undefined && !isObject(value))) return {}
  return { [section]: { ...(value as object), ...settings } }
}

/** Says where a value came from that does not stand in the file. */
export function nameOverride(finding: ConfigFinding, env: Env): ConfigFinding {
  const name = OVERRIDES[finding.pointer]
  return name !== undefined && env[name] ? { ...finding, suggestion: `it comes from ${name}` } : finding
}
