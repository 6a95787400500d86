import { readFileSync } from 'node:fs'

/** How the installed command runs the service: its first line names the environment and Node's flags. */
export function readServiceCommand(cli: URL): { env: Record<string, string>; flags: string[] } {
  const [line] = readFileSync(cli, 'utf8').split('\n', 1)
  const words = /^#!\/usr\/bin\/env -S (.*)$/.exec(line!)![1]!.split(' ')
  const node = words.indexOf('node')
  const env = words.slice(0, node).map(word => word.split('=') as [string, string])
  return { env: Object.fromEntries(env), flags: words.slice(node + 1) }
}
