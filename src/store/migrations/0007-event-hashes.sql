-- Which events have a hash of key or signed content: written for many events at once and in order, because a row here for
-- every delivery by itself dirties a page of its own each time (8 KB of WAL for a 17 KB payload that is kept in 2 KB).
-- Events after meta.hashed_seq are not in it yet: event-hashes.ts has them in memory.
create table event_hash (
  -- 52 bits of a hash of the source and its key, or of the source and what was signed
  hash integer not null,
  event_seq integer not null,
  primary key (hash, event_seq)
) strict, without rowid;
insert into event_hash (hash, event_seq)
select key_hash, seq
from event
union
select replay_hash, seq
from event
where replay_hash is not null;
insert into meta (name, value)
select 'hashed_seq', coalesce(max(seq), 0)
from event;
drop index event_key;
drop index event_replay;
