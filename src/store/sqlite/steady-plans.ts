import type Database from 'better-sqlite3'

/** A parameter that SQLite's planner would look into: what a column is compared with, or a limit. */
const SEEN_PARAMETER = /(=|\blimit)\s*(?=[?@])/gi

/**
 * Keeps statements compiled. Where a value could change the plan (`column = ?` beside another index, `limit ?`), SQLite
 * compiles a statement anew after every change of its parameters, and better-sqlite3 clears them after every run: 3 to
 * 25 µs a call (sqlite3VdbeReprepareOnBind in SQLite 3.54). A unary plus, which changes no value and no affinity, hides the
 * parameter from the planner.
 */
export function steadyPlans(db: Database.Database): void {
  const prepare = db.prepare.bind(db)
  db.prepare = ((sql: string) => prepare(sql.replace(SEEN_PARAMETER, '$1 +'))) as typeof db.prepare
}
