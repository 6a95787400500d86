-- Secrets sealed with the master key (BRIDGE_MASTER_KEY), which is nowhere in here. All of them under one key.
create table sealed_secret (
  -- 'source:<name>' = captured for that source
  name text not null primary key,
  -- which master key sealed it: the start of a SHA-256 of it
  key_id text not null,
  -- which secret it is: the start of its SHA-256, as in the ledger of tokens
  fingerprint text not null,
  -- JWE, compact: dir, A256GCM; the name is in its header
  jwe text not null,
  sealed_at integer not null
) strict, without rowid;
