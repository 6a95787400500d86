-- Alerts that wait to be delivered, oldest first. Names, ids and reasons only; neither the address nor the secret of a webhook.
create table waiting_alert (
  seq integer primary key,
  -- its webhook-id, by which a receiver knows that it comes again
  id text not null unique,
  about text not null,
  body text not null,
  raised_at integer not null,
  -- that failed
  tries integer not null,
  due_at integer not null
) strict;

-- What was told of, and when, so that a restart does not tell of it again at once.
create table told_alert (
  about text primary key,
  told_at integer not null
) strict, without rowid;
