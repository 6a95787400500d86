-- Events whose words are indexed together: payload_words_<seq> is their index, made with the first of them. A database that is
-- not searched has neither rows here nor such tables.
create table word_span (
  seq integer primary key,
  first_event integer not null,
  last_event integer not null,
  -- when the first and the last of them were routed
  begun_at integer not null,
  last_at integer not null
) strict;
