create table meta (
  name text primary key,
  value integer not null
) strict, without rowid;

-- One row an authentic delivery. Rows are appended in the order of custody; nothing here changes before it is pruned,
-- so that a batch of deliveries dirties few pages: what becomes of an event stands in event_route.
create table event (
  seq integer primary key autoincrement,
  source text not null,
  type text,
  idempotency_key text not null,
  -- 52 bits of a hash of source and key: an index of 8-byte numbers dirties about a quarter of the pages that one of keys does
  key_hash integer not null,
  replay_hash integer,
  -- outcome at receipt: 0 recorded, 1 ignored (ping), 2 id_conflict
  receipt integer not null default 0,
  method text not null,
  query text not null,
  -- where headers and body lie; null once retention has removed them
  block integer,
  block_offset integer not null,
  headers_bytes integer not null,
  body_bytes integer not null,
  body_crc integer not null,
  received_at integer not null
) strict;
create index event_key on event (key_hash);
create index event_replay on event (replay_hash) where replay_hash is not null;

-- headers and bodies of neighbouring events, compressed together
create table body_block (
  seq integer primary key,
  first_event integer not null,
  last_event integer not null,
  raw_bytes integer not null,
  -- 0 raw, 1 zstd
  encoding integer not null,
  bytes blob not null
) strict;

create table redelivery (
  event_seq integer primary key,
  count integer not null,
  last_at integer not null
) strict;

create table event_route (
  event_seq integer primary key,
  outcome text not null,
  type text,
  detail text not null,
  routed_at integer not null
) strict;

create table rejected_delivery (
  source text not null,
  reason text not null,
  minute_at integer not null,
  count integer not null,
  primary key (source, reason, minute_at)
) strict, without rowid;

create table rejected_sample (
  seq integer primary key autoincrement,
  source text not null,
  reason text not null,
  received_at integer not null,
  method text not null,
  type text,
  query text not null,
  headers text not null,
  body blob not null
) strict;
create index rejected_sample_source on rejected_sample (source, seq);

create table job (
  seq integer primary key autoincrement,
  event_seq integer not null,
  mapping text not null,
  mapping_hash text not null,
  integration text not null,
  item_index integer not null,
  item text,
  order_key text,
  state text not null check (state in ('queued', 'running', 'succeeded', 'dead', 'in_doubt', 'held', 'superseded')),
  -- 1 = no older open job of the order key stands before it; only such jobs are claimed
  head integer not null,
  -- 1 = waits for its run_at outside the order of its key, so that a job of tomorrow does not stop those of today
  delayed integer not null,
  next_attempt_at integer not null,
  expires_at integer,
  attempts integer not null default 0,
  conflicts integer not null default 0,
  crashes integer not null default 0,
  lease_owner text,
  lease_expires_at integer,
  progress text,
  reason text,
  message text,
  created_at integer not null,
  finished_at integer,
  unique (event_seq, mapping, item_index)
) strict;
create index job_ready on job (integration, next_attempt_at, seq) where head = 1 and state in ('queued', 'in_doubt');
create index job_delayed on job (next_attempt_at) where delayed = 1;
create index job_order on job (integration, order_key, seq) where order_key is not null and delayed = 0 and state in ('queued', 'running', 'in_doubt', 'held');
create index job_running on job (seq) where state = 'running';
create index job_open on job (state) where state in ('queued', 'running', 'in_doubt', 'held');

create table attempt (
  seq integer primary key autoincrement,
  job_seq integer not null,
  integration text not null,
  token text not null,
  boot_id text not null,
  step text not null,
  operation text not null,
  effect text not null,
  request_hash text not null,
  variables text not null,
  sent_at integer not null,
  finished_at integer,
  outcome text check (outcome in ('not_sent', 'rejected', 'applied', 'unknown')),
  status integer,
  code text,
  message text,
  response text
) strict;
create index attempt_job on attempt (job_seq);
create index attempt_open on attempt (seq) where outcome is null;
create index attempt_sent on attempt (integration, sent_at);

create table token (
  fingerprint text not null,
  integration text not null,
  state text not null check (state in ('active', 'refused', 'held', 'retired')),
  purpose text,
  owner text,
  first_seen_at integer not null,
  last_used_at integer,
  uses integer not null default 0,
  last_answer text,
  forbidden_in_row integer not null default 0,
  paused_until integer,
  probed_at integer,
  primary key (integration, fingerprint)
) strict, without rowid;

insert into meta (name, value) values ('epoch', 1), ('routed_seq', 0);
