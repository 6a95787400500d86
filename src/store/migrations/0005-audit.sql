-- The account of everything that was done: appended only, each row chained to the one before by its hash (semantics.md 6).
create table audit_entry (
  -- without gaps: a missing number is a missing row
  seq integer primary key,
  at integer not null,
  actor text not null,
  action text not null,
  source text,
  integration text,
  mapping text,
  event_seq integer,
  job_seq integer,
  target text,
  -- JSON
  detail text,
  -- SHA-256 of the payload, not the payload: erasing that leaves the chain valid
  payload_hash blob,
  -- SHA-256 over the hash of the row before and everything in this one
  hash blob not null
) strict;
-- Rows of one event or job lie close together: both indexes grow at their end, 0.1 µs a row each.
create index audit_event on audit_entry (event_seq) where event_seq is not null;
create index audit_job on audit_entry (job_seq) where job_seq is not null;
create index audit_actor on audit_entry (actor) where actor <> 'bridge';
-- the actions of everyday traffic are found by looking at the newest rows
create index audit_action on audit_entry (action)
  where action not in ('event.mapped', 'event.unmatched', 'event.echo', 'attempt.applied', 'job.succeeded');

-- Signed points of the chain; they stay when the rows before them are pruned. All but the numbers are as they were signed.
create table audit_checkpoint (
  seq integer primary key,
  at integer not null,
  epoch integer not null,
  hash text not null,
  previous text not null,
  public_key text not null,
  signature text not null
) strict;

-- SHA-256 of the body: what the audit says of it, and what tells a redelivery from a conflict; null in rows that are
-- older, which have body_crc (0 from now on) for that
alter table event add column body_hash blob;

-- when a count was last accounted for; null = never
alter table redelivery add column audited_at integer;

-- 1 once the count of a minute has been accounted for
alter table rejected_delivery add column audited integer not null default 0;
create index rejected_delivery_unaudited on rejected_delivery (minute_at) where audited = 0;
