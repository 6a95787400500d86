-- Jobs that wait and have an end to it, so that they are ended in time whatever they wait for.
create index job_expires on job (expires_at) where state = 'queued' and expires_at is not null;
