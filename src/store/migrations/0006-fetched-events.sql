-- Events that were fetched from the API of their sender, because it could not deliver them. Their bytes are not those that
-- the sender signed and may send yet, so that the key alone says whether an event is the same.
create table fetched_event (
  event_seq integer not null primary key,
  -- origin of the API, such as https://api.github.com
  fetched_from text not null
) strict;
