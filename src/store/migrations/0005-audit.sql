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
