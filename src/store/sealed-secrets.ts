/** A secret as people see it: which it is, never what it is. */
export interface SecretLine {
  name: string
  fingerprint: string
  /** Which master key it is sealed with. */
  keyId: string
  sealedAt: number
}

export interface SealedSecret extends SecretLine {
  /** JWE in compact form; see ledger/seal.ts. */
  jwe: string
}

/** `source`: it was captured in a set-up request for this source, by the bridge itself. */
export interface SecretSealing {
  secret: SealedSecret
  /** The fingerprint of the one it may take the place of, null = of none; left out = of any. */
  replaces?: string | null
  actor: string
  source?: string
}

/** `other_key`: the others are sealed with another master key. `changed`: there is another one than `replaces` says. `full`: there are too many. */
export type SealAnswer = { ok: true } | { ok: false; reason: 'other_key' | 'changed' | 'full' }

export interface SecretDeletion {
  name: string
  actor: string
  now: number
}

/** Puts every secret under another master key: `before` is each as it was read, so that none that came meanwhile is lost. */
export interface Resealing {
  keyId: string
  secrets: readonly { name: string; before: string; after: string }[]
  actor: string
  now: number
}
