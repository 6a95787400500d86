import { createRequire } from 'node:module'

/** Size of the payload the figures are asked for, in bytes. */
const WANTED_BYTES = 17_000

interface Example {
  name: string
  examples: { action?: string }[]
}

/** The real GitHub payload that is nearest to 17 KB, with its event name. */
export function readGithubPayload(): { body: Buffer; event: string } {
  const list = createRequire(import.meta.url)('@octokit/webhooks-examples') as Example[]
  const all = list.flatMap(({ name, examples }) =>
    examples.map(example => ({ event: name, body: Buffer.from(JSON.stringify(example)) })),
  )
  return all.reduce((best, next) =>
    Math.abs(next.body.length - WANTED_BYTES) < Math.abs(best.body.length - WANTED_BYTES) ? next : best,
  )
}
