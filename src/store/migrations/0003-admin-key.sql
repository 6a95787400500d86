-- The admin key that was made because none was configured: its hash only, SHA-256 in hex.
create table admin_key (
  hash text not null primary key,
  made_at integer not null
) strict, without rowid;
