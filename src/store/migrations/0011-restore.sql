-- Which rows each epoch of the database begins with: a restore begins a new one, and rows keep the ids they have.
create table epoch (
  number integer primary key,
  first_event integer not null,
  first_job integer not null,
  -- null = the first, which no restore began
  restored_at integer
) strict;
insert into epoch (number, first_event, first_job) select value, 1, 1 from meta where name = 'epoch';

-- What a job has yet to do may be done already, because it was not finished in a backup that has been restored since.
-- unsure: its writes are asked for, or held for a person; repeat: a person lets it send again what may be sent again.
alter table job add column restored text check (restored in ('unsure', 'repeat'));
