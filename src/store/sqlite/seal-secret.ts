import type { SealAnswer, SealedSecret, SecretSealing } from '../sealed-secrets.ts'
import type { StoreContext } from './context.ts'

/** Secrets that are kept at most: every one is opened whenever the configuration is read. */
export const SEALED_SECRETS_MAX = 1_000

/**
 * Keeps a sealed secret under its name. All are under one master key: one that was sealed with a key that has been
 * replaced meanwhile would be lost with that key.
 */
export function sealSecret({ db, audit }: StoreContext): (sealing: SecretSealing) => SealAnswer {
  const read = db.prepare<[string], { fingerprint: string }>('select fingerprint from sealed_secret where name = ?')
  const others = db.prepare<[string], { count: number; keyId: string | null }>(`
    select count(*) as count, max(key_id) as keyId
    from sealed_secret
    where name <> ?`)
  const put = db.prepare<[SealedSecret]>(`
    insert into sealed_secret (name, key_id, fingerprint, jwe, sealed_at)
    values (@name, @keyId, @fingerprint, @jwe, @sealedAt)
    on conflict (name) do update
    set key_id = excluded.key_id, fingerprint = excluded.fingerprint, jwe = excluded.jwe, sealed_at = excluded.sealed_at`)

  return ({ secret, replaces, actor, source }) => {
    const former = read.get(secret.name)?.fingerprint ?? null
    const { count, keyId } = others.get(secret.name)!
    if (replaces !== undefined && replaces !== former) return refuse('changed')
    if (keyId !== null && keyId !== secret.keyId) return refuse('other_key')
    if (count >= SEALED_SECRETS_MAX) return refuse('full')
    put.run(secret)
    audit.append({
      at: secret.sealedAt,
      actor,
      action: source === undefined ? 'secret.sealed' : 'secret.captured',
      ...(source !== undefined && { source }),
      target: secret.name,
      detail: { fingerprint: secret.fingerprint, replaced: former },
    })
    return { ok: true }
  }
}

function refuse(reason: Extract<SealAnswer, { ok: false }>['reason']): SealAnswer {
  return { ok: false, reason }
}
