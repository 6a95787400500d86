-- Events or jobs of the past once more: a person's act that goes on in steps, and over a restart.
create table replay (
  seq integer primary key autoincrement,
  -- the database it belongs to: after a restore it is not known what it has made since the backup
  epoch integer not null,
  state text not null check (state in ('running', 'ended', 'cancelled')),
  -- what is replayed, as JSON: events or jobs, by ids or a filter
  scope text not null,
  -- 1 = also what would undo or repeat something, with operation keys of its own
  force integer not null,
  per_second integer not null,
  actor text not null,
  -- rows it was to look at when it was started; null = more than were counted
  total integer,
  -- rows up to here are done, and those up to there are meant
  after_seq integer not null,
  through_seq integer not null,
  taken integer not null default 0,
  jobs integer not null default 0,
  -- how many were skipped, by reason, as JSON
  skipped text not null default '{}',
  started_at integer not null,
  ended_at integer
) strict;
create unique index replay_running on replay (state) where state = 'running';

-- The number of a replay stands above the index of the element, so that an event, a mapping and an element still make one
-- job, once a replay. The table is not written anew for it: that would keep a large database shut for minutes.
alter table job add column replay_seq integer generated always as (item_index >> 20) virtual;
alter table job add column element_index integer generated always as (item_index & 1048575) virtual;
-- the job it was made after
alter table job add column replay_of integer;
create index job_replay on job (replay_seq, seq) where replay_seq > 0;

-- When an admin key was last used, to the minute; by the start of its SHA-256, so that a new key of the same name is another.
create table admin_key_use (
  fingerprint text primary key,
  used_at integer not null
) strict, without rowid;
