-- What is dead is listed for people: rare among the jobs, and not to be searched for.
create index job_dead on job (seq) where state = 'dead';
