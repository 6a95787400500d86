import { github } from './github.ts'
import { gitlab } from './gitlab.ts'
import type { SenderApi } from './sender-api.ts'
import { stripe } from './stripe.ts'

/** By the preset of a source. */
const APIS: Readonly<Record<string, SenderApi>> = { github, gitlab, 'gitlab-token': gitlab, stripe }

/** Presets whose senders tell what they could not deliver. */
export const RECONCILED: readonly string[] = Object.keys(APIS)

/** Finds the API of a sender, or null where it has none for this. */
export function findSenderApi(preset: string): SenderApi | null {
  return Object.hasOwn(APIS, preset) ? APIS[preset]! : null
}
