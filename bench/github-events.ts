import { randomBytes, randomInt, randomUUID } from 'node:crypto'
import { createRequire } from 'node:module'
import type { NewEvent } from '../src/store/receipts.ts'

interface Example {
  name: string
  examples: { action?: string }[]
}

/**
 * Makes events of every real GitHub payload in turn, each with commit hashes and ids of its own: payloads that lie together
 * are not more alike than those of a busy organization.
 */
export function createGithubEvents(): (n: number, receivedAt: number) => NewEvent {
  const list = createRequire(import.meta.url)('@octokit/webhooks-examples') as Example[]
  const all = list.flatMap(({ name, examples }) =>
    examples.map(example => ({ name, type: typeOf(name, example), text: JSON.stringify(example) })),
  )
  return (n, receivedAt) => {
    const { name, type, text } = all[n % all.length]!
    const body = text
      .replace(/\b[0-9a-f]{40}\b/g, () => randomBytes(20).toString('hex'))
      .replace(/\b\d{7,12}\b/g, digits => String(randomInt(10 ** (digits.length - 1), 10 ** digits.length)))
    return {
      source: n % 10 === 0 ? 'actions' : 'github',
      type,
      key: randomUUID(),
      keyWindowMs: null,
      keyRetentionMs: 86_400_000,
      replayKey: null,
      method: 'POST',
      query: '',
      headers: [
        'accept',
        '*/*',
        'content-type',
        'application/json',
        'user-agent',
        'GitHub-Hookshot/044aadd',
        'x-github-delivery',
        randomUUID(),
        'x-github-event',
        name,
        'x-github-hook-id',
        '292430182',
        'x-github-hook-installation-target-id',
        '79929171',
        'x-github-hook-installation-target-type',
        'repository',
      ],
      body: Buffer.from(body),
      receivedAt,
      ignored: false,
    }
  }
}

function typeOf(name: string, { action }: { action?: string }): string {
  return action === undefined ? name : `${name}.${action}`
}
