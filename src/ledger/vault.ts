import type { MasterKeyRead, MasterKeys } from '../config/read-master-keys.ts'
import type { OpenedSecrets, ResolvedSecret, UnresolvedSecret } from '../config/resolve-secret.ts'
import { BridgeError } from '../errors.ts'
import type { SealAnswer, SealedSecret, SecretLine, SecretSealing } from '../store/sealed-secrets.ts'
import type { Store } from '../store/store.ts'
import { fingerprintToken } from './fingerprint.ts'
import { openSecret, sealSecret } from './seal.ts'

/** How often sealing all anew is begun once more because a secret was set meanwhile. */
const RESEAL_TRIES = 3

/** The secrets that are sealed in the store. All are under one master key; the keys are read anew for every act. */
export interface Vault {
  /** Opens all of them, for one reading of the configuration; what cannot be opened is a problem only where it is asked for. */
  open(): Promise<OpenedSecrets>
  list(): Promise<SecretLine[]>
  /** Seals a secret; the fingerprint is of the secret. Throws `master_key_unusable`, `secrets_full`, `busy`. */
  seal(name: string, value: string, actor: string): Promise<{ fingerprint: string }>
  /**
   * Seals what a sender handed out to its source; false where another one is there than `replaces` (a fingerprint, null =
   * none). Throws as `seal` does.
   */
  capture(source: string, value: string, replaces: string | null): Promise<boolean>
  /** Throws `not_found`. */
  delete(name: string, actor: string): Promise<void>
  /** Puts all of them under `BRIDGE_MASTER_KEY_NEW`. Throws `master_key_unusable`, `busy`. */
  reseal(actor: string): Promise<{ secrets: number; keyId: string }>
}

/** The name under which the secret of a source is kept that its sender handed out; no name that a person gives has a colon. */
export function nameCaptured(source: string): string {
  return `source:${source}`
}

/** Makes the vault over a store. */
export function createVault(store: Store, readKeys: () => MasterKeys): Vault {
  const seal = async (
    name: string,
    value: string,
    sealing: Omit<SecretSealing, 'secret'>,
  ): Promise<{ answer: SealAnswer; fingerprint: string }> => {
    const chosen = chooseKey(readKeys(), (await store.listSecrets())[0]?.keyId ?? null)
    if (!chosen.ok) throw unusable(chosen)
    const { key } = chosen
    const fingerprint = fingerprintToken(value)
    const jwe = await sealSecret(name, value, key)
    const secret = { name, fingerprint, keyId: key.id, jwe, sealedAt: Date.now() }
    const answer = await store.sealSecret({ ...sealing, secret })
    if (answer.ok || answer.reason === 'changed') return { answer, fingerprint }
    if (answer.reason === 'full')
      throw new BridgeError('secrets_full', 'There are too many sealed secrets: delete some')
    throw sealedMeanwhile()
  }
  return {
    async open() {
      const keys = readKeys()
      const sealed = await store.readSecrets()
      const opened = await Promise.all(sealed.map(async secret => [secret.name, await open(secret, keys)] as const))
      return lookUp(new Map(opened), chooseKey(keys, sealed[0]?.keyId ?? null))
    },
    list: () => store.listSecrets(),
    async seal(name, value, actor) {
      const { fingerprint } = await seal(name, value, { actor })
      return { fingerprint }
    },
    async capture(source, value, replaces) {
      const { answer } = await seal(nameCaptured(source), value, { actor: 'bridge', source, replaces })
      return answer.ok
    },
    async delete(name, actor) {
      if (!(await store.deleteSecret({ name, actor, now: Date.now() })))
        throw new BridgeError('not_found', 'No secret of this name is sealed')
    },
    async reseal(actor) {
      for (let tries = 0; tries < RESEAL_TRIES; tries++) {
        const { secrets, key } = await resealed(await store.readSecrets(), readKeys())
        const isDone = await store.resealSecrets({ keyId: key.id, secrets, actor, now: Date.now() })
        if (isDone) return { secrets: secrets.length, keyId: key.id }
      }
      throw sealedMeanwhile()
    },
  }
}

/** Seals what is there with the new master key. */
async function resealed(sealed: readonly SealedSecret[], keys: MasterKeys) {
  if (!keys.next.ok) throw unusable(keys.next)
  const { key } = keys.next
  if (sealed.some(({ keyId }) => keyId === key.id))
    throw unusable({
      expected: 'BRIDGE_MASTER_KEY_NEW to be another key than the one the secrets are sealed with',
      found: 'that one',
    })
  const secrets = []
  for (const secret of sealed) {
    const opened = await open(secret, keys)
    if (!opened.ok) throw unusable(opened)
    const { name, jwe: before } = secret
    secrets.push({ name, before, after: await sealSecret(name, opened.value, key) })
  }
  return { secrets, key }
}

async function open({ name, jwe, keyId }: SealedSecret, keys: MasterKeys): Promise<ResolvedSecret> {
  const chosen = chooseKey(keys, keyId)
  if (!chosen.ok) return { ...chosen, expected: `${chosen.expected}, to open "${name}"` }
  const opened = await openSecret(name, jwe, chosen.key)
  if (opened.ok) return opened
  return { ok: false, expected: `"${name}" as it was sealed`, found: 'something that the master key does not open' }
}

/** The master key that the secrets are sealed with; where there are none, the current one. */
function chooseKey({ current, next }: MasterKeys, keyId: string | null): MasterKeyRead {
  if (keyId === null) return current
  const fitting = [current, next].find(read => read.ok && read.key.id === keyId)
  if (fitting !== undefined || !current.ok) return fitting ?? current
  return {
    ok: false,
    expected: `BRIDGE_MASTER_KEY to be the key ${keyId}, which the secrets are sealed with`,
    found: `the key ${current.key.id}`,
  }
}

function lookUp(opened: ReadonlyMap<string, ResolvedSecret>, chosen: MasterKeyRead): OpenedSecrets {
  return {
    get: name =>
      opened.get(name) ?? {
        ok: false,
        expected: `a secret sealed as "${name}" (pixelesq-bridge secrets set ${name}; with --stopped while the service does not run)`,
        found: 'none',
      },
    captured: source => {
      const captured = opened.get(nameCaptured(source))
      if (captured !== undefined) return captured
      return chosen.ok ? { ok: true, value: null } : chosen
    },
  }
}

function unusable({ expected, found }: Pick<UnresolvedSecret, 'expected' | 'found'>): BridgeError {
  return new BridgeError('master_key_unusable', `expected ${expected}, found ${found}`)
}

function sealedMeanwhile(): BridgeError {
  return new BridgeError('busy', 'The secrets were sealed anew meanwhile: try again')
}
