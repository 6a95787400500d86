-- What our own mutations touch, for the time in which their echoes may come back as webhooks. Written with the intent,
-- because the webhook may be here before the answer is. A few minutes of rows: retention removes the rest.
create table own_write (
  -- id of the entry or page; '' = the mutation makes something whose id comes with the answer
  object_id text not null,
  attempt_seq integer not null,
  sent_at integer not null,
  ended_at integer not null,
  primary key (object_id, attempt_seq)
) strict, without rowid;
create index own_write_attempt on own_write (attempt_seq);

-- Jobs of events that came while something was being made: they wait for its id, and are called off if it is theirs.
create table echo_watch (
  object_id text not null,
  job_seq integer not null,
  received_at integer not null,
  -- operations that cannot have caused the event, as a JSON list
  not_by text not null,
  primary key (object_id, job_seq)
) strict, without rowid;
create index echo_watch_job on echo_watch (job_seq);
