/** Newer jobs that are looked at for one that has overtaken an older one. */
const ROWS_MAX = 10_000

/**
 * The jobs of an order key that have succeeded and are newer than `@after`, as a table of an SQL text: they have overtaken
 * what is older, which may undo their work. Newer is what was made later (`seq`) or came later (`event_seq`).
 */
export function overtakingJobs(by: 'seq' | 'event_seq'): string {
  return `(
    select event_seq, mapping
    from (
      select event_seq, mapping, integration, order_key, state
      from job
      where ${by} > @after
      order by ${by}
      limit ${ROWS_MAX})
    where integration = @integration and order_key = @orderKey and state = 'succeeded')`
}
