-- What a person has stopped for a while: a source, an integration or a mapping.
create table pause (
  kind text not null check (kind in ('source', 'integration', 'mapping')),
  name text not null,
  paused_at integer not null,
  actor text not null,
  reason text,
  -- 1 = it is over, and the jobs it had set aside are being let back in, some at each claim
  ended integer not null default 0,
  primary key (kind, name)
) strict, without rowid;

-- The pause a job was set aside for when it would have been claimed ('mapping:publish'), so that no claim meets it twice. Its
-- place in the order of its key, and when it is due, stay as they are.
alter table job add column aside text;
create index job_aside on job (aside, seq) where aside is not null;
drop index job_ready;
create index job_ready on job (integration, next_attempt_at, seq) where head = 1 and aside is null and state in ('queued', 'in_doubt');

-- A revoked token is never sent again, whatever is configured. ("retiring" is no state of its own: a retired token that an
-- attempt under way still carries.)
create table token_new (
  fingerprint text not null,
  integration text not null,
  state text not null check (state in ('active', 'refused', 'held', 'retired', 'revoked')),
  purpose text,
  owner text,
  first_seen_at integer not null,
  last_used_at integer,
  uses integer not null default 0,
  last_answer text,
  forbidden_in_row integer not null default 0,
  paused_until integer,
  probed_at integer,
  revoked_at integer,
  primary key (integration, fingerprint)
) strict, without rowid;
insert into token_new (fingerprint, integration, state, purpose, owner, first_seen_at, last_used_at, uses, last_answer,
  forbidden_in_row, paused_until, probed_at)
select fingerprint, integration, state, purpose, owner, first_seen_at, last_used_at, uses, last_answer, forbidden_in_row,
  paused_until, probed_at
from token;
drop table token;
alter table token_new rename to token;

-- Writes that the API applied, kept beside the attempts: they are counted for as long as the ledger is kept, and a million
-- attempts are not counted for every look at it.
create table token_write (
  integration text not null,
  fingerprint text not null,
  mapping text not null,
  operation text not null,
  writes integer not null,
  last_at integer not null,
  primary key (integration, fingerprint, mapping, operation)
) strict, without rowid;
insert into token_write (integration, fingerprint, mapping, operation, writes, last_at)
select attempt.integration, attempt.token, job.mapping, attempt.operation, count(*), max(attempt.sent_at)
from attempt
join job on job.seq = attempt.job_seq
where attempt.outcome = 'applied' and attempt.effect <> 'read'
group by attempt.integration, attempt.token, job.mapping, attempt.operation;

-- which jobs a token was sent for
create index attempt_token on attempt (token, job_seq);

-- When each secret of a source last proved a delivery: says when an old one can go.
create table secret_use (
  source text not null,
  fingerprint text not null,
  verified_at integer not null,
  primary key (source, fingerprint)
) strict, without rowid;
