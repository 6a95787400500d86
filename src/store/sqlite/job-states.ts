/** States in which a job still stands in the order of its key and counts as backlog; SQL list. */
export const OPEN = `('queued', 'running', 'in_doubt', 'held')`
