-- What the credentials of a refused delivery are known by, as JSON: digests, and tokens that end by themselves.
alter table rejected_sample add column credentials text not null default '[]';
-- Counts are listed newest first, and removed by their age.
create index rejected_minute on rejected_delivery (minute_at);
