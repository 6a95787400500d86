import type { Command } from 'commander'
import type { End } from './end.ts'

/** Adds the commands about what came in and what became of it. */
export function addHistoryCommands(program: Command, end: End, config: readonly [string, string]): void {
  addEvents(program, end, config)
  addJobs(program, end)
  addReplay(program, end)
  addRejected(program, end)
  addAudit(program, end)
}

function addEvents(program: Command, end: End, config: readonly [string, string]): void {
  const events = program.command('events').description('what came in, and what was made of it')
  withFilters(events.command('list', { isDefault: true }).description('events, newest first (the default)'))
    .option('--outcome <list>', 'unrouted, matched, unmatched, quarantined, echo, ignored, id_conflict; commas between')
    .option('--q <text>', 'with all of these words in the payload ("search" in bridge.json)')
    .action(async options => end(await (await import('./events.ts')).listEvents(options)))
  events
    .command('tail')
    .description('events as they come, until Ctrl-C')
    .option('--source <name>', 'of this source')
    .option('--type <type>', 'of this event type')
    .option('--mapping <name>', 'with a job of this mapping')
    .option('--integration <name>', 'with a job of this integration')
    .option('--outcome <list>', 'that came to this; commas between')
    .option('--json', 'one line of JSON each')
    .action(async options => end(await (await import('./events-tail.ts')).tailEvents(options)))
  events
    .command('show <id>')
    .description('an event: its payload, which mappings took it and why, its jobs')
    .option('--raw', 'only the payload, byte for byte')
    .option('--save-test <name>', 'append it as a test to <mapping>.test.json')
    .option('--mapping <name>', 'whose test it is (default: the mapping that took it)')
    .option('--save-capture <file>', 'write it as it came as JSON, for send --capture')
    .option('--json', 'machine-readable output')
    .option(...config)
    .action(async (id, options) => end(await (await import('./events.ts')).showEvent(id, options)))
}

function addJobs(program: Command, end: End): void {
  const jobs = program.command('jobs').description('what is to be done, what became of it, and a word on it')
  withFilters(jobs.command('list', { isDefault: true }).description('jobs, newest first (the default)'))
    .option('--state <list>', 'queued, running, succeeded, dead, in_doubt, held, superseded; commas between')
    .option('--reason <name>', 'why it is dead, held or waits, such as mapping_changed')
    .option('--token <fingerprint>', 'that a request was made for with this token')
    .option('--replay <id>', 'made by this replay')
    .action(async options => end(await (await import('./jobs.ts')).listJobs(options)))
  jobs
    .command('show <id>')
    .description('a job with every attempt, and what can be done with it')
    .option('--json', 'machine-readable output')
    .action(async (id, options) => end(await (await import('./jobs.ts')).showJob(id, options)))
  withMany(jobs.command('retry [ids...]'))
    .description('put dead or held jobs back to work; the mapping is judged as it is now')
    .option('--from-start', 'forget what was done: writes that were applied are sent again')
    .option('--force', 'although a newer job of its order key has succeeded, whose work it may undo')
    .option('--json', 'machine-readable output')
    .action(async (ids, options) => end(await (await import('./jobs.ts')).retryJobs(ids, options)))
  withMany(jobs.command('discard [ids...]'))
    .description('give jobs up: they are dead, and the next one of their order key goes on')
    .option('--json', 'machine-readable output')
    .action(async (ids, options) => end(await (await import('./jobs.ts')).discardJobs(ids, options)))
  jobs
    .command('settle <id>')
    .description('say whether a write whose answer was lost was applied')
    .option('--applied', 'it was: the job goes on after it')
    .option('--not-applied', 'it was not: it is sent again')
    .option('--result <file>', 'with --applied: what it would have answered, a JSON file, for later steps')
    .option('--force', 'although a newer job of its order key has succeeded, whose work it may undo')
    .option('--json', 'machine-readable output')
    .action(async (id, options) => end(await (await import('./jobs.ts')).settleJob(id, options)))
}

function withMany(command: Command): Command {
  return command
    .option('--state <list>', 'instead of ids: all in these states, oldest first; commas between')
    .option('--reason <name>', 'with --state: for this reason')
    .option('--mapping <name>', 'with --state: of this mapping')
    .option('--integration <name>', 'with --state: of this integration')
    .option('--source <name>', 'with --state: of this source')
    .option('--type <type>', 'with --state: of this event type')
    .option('--since <time>', 'with --state: made from then on, a duration such as 7d, or an instant')
    .option('--until <time>', 'with --state: made before then')
    .option('--dry-run', 'with --state: only count them')
    .option('--yes', 'with --state: without asking')
}

function addReplay(program: Command, end: End): void {
  const replay = program.command('replay').description('events or jobs of the past once more')
  replay
    .command('start [ids...]', { isDefault: true })
    .description('count what is meant, and replay it by the mappings of today (the default)')
    .option('--since <time>', 'instead of ids: from when on, a duration such as 7d, or an instant')
    .option('--until <time>', 'before when')
    .option('--mapping <name>', 'by this mapping only')
    .option('--integration <name>', 'by mappings of this integration only')
    .option('--source <name>', 'of this source')
    .option('--type <type>', 'of this event type')
    .option('--outcome <list>', 'events that came to this: unmatched, quarantined, …; commas between')
    .option('--jobs', 'single jobs instead of whole events')
    .option('--state <list>', 'jobs in these states; commas between')
    .option('--reason <name>', 'jobs for this reason')
    .option('--force', 'also what may undo newer work or repeat a write, with operation keys of its own')
    .option('--per-second <n>', 'events or jobs a second, at most 100 (default: 10)')
    .option('--dry-run', 'only count, and show what would become of the first')
    .option('--yes', 'without asking')
    .option('--detach', 'do not wait for its end')
    .option('--json', 'machine-readable output')
    .action(async (ids, options) => end(await (await import('./replay.ts')).startReplay(ids, options)))
  replay
    .command('list')
    .description('replays, newest first')
    .option('--json', 'machine-readable output')
    .action(async options => end(await (await import('./replay.ts')).listReplays(options)))
  replay
    .command('show <id>')
    .description('how far a replay has come, and what it skipped')
    .option('--json', 'machine-readable output')
    .action(async (id, options) => end(await (await import('./replay.ts')).showReplay(id, options)))
  replay
    .command('cancel <id>')
    .description('make no more jobs; those that were made stay')
    .option('--json', 'machine-readable output')
    .action(async (id, options) => end(await (await import('./replay.ts')).cancelReplay(id, options)))
}

function addRejected(program: Command, end: End): void {
  const rejected = program.command('rejected').description('deliveries that were not authentic')
  rejected
    .command('list', { isDefault: true })
    .description('how many were refused and why, and those that are kept, newest first (the default)')
    .option('--source <name>', 'of this source')
    .option('--reason <name>', 'why they were refused, such as signature_mismatch')
    .option('--since <time>', 'from when on: a duration such as 7d, or an instant')
    .option('--until <time>', 'before when')
    .option('--limit <n>', 'how many at most (default: 50)')
    .option('--json', 'machine-readable output')
    .action(async options => end(await (await import('./rejected.ts')).listRejected(options)))
  rejected
    .command('show <id>')
    .description('a refused delivery as it came, without its credentials')
    .option('--save <file>', 'write it as JSON, for send --capture')
    .option('--json', 'machine-readable output')
    .action(async (id, options) => end(await (await import('./rejected.ts')).showRejected(id, options)))
  rejected
    .command('retry [ids...]')
    .description('judge them by the secrets of today; those that are authentic are recorded as if they came now')
    .option('--source <name>', 'instead of ids: all that are kept of this source, oldest first')
    .option('--reason <name>', 'with --source: refused for this reason')
    .option('--since <time>', 'with --source: from when on, a duration such as 7d, or an instant')
    .option('--until <time>', 'with --source: before when')
    .option('--dry-run', 'only say what would be taken')
    .option('--json', 'machine-readable output')
    .action(async (ids, options) => end(await (await import('./rejected.ts')).retryRejected(ids, options)))
}

function addAudit(program: Command, end: End): void {
  const audit = program.command('audit').description('who did what, and whether the account of it is whole')
  withAuditFilters(audit.command('list', { isDefault: true }).description('the audit, newest first (the default)'))
    .option('--limit <n>', 'how many at most (default: 50)')
    .option('--json', 'machine-readable output')
    .action(async options => end(await (await import('./audit.ts')).listAudit(options)))
  audit
    .command('verify')
    .description(
      'check every row against its chain, its signatures and the file of checkpoints; exit code 1 where one is bad',
    )
    .option('--database <file>', 'a copy of the database, instead of the running service')
    .option('--anchors <file>', 'with --database: the file of checkpoints that was kept beside it, or elsewhere')
    .option('--key <fingerprint>', 'with --database: the key that must have signed the newest checkpoint')
    .option('--json', 'machine-readable output')
    .action(async options => end(await (await import('./audit-verify.ts')).verify(options)))
  withAuditFilters(audit.command('export').description('all of it, oldest first, as NDJSON or CSV'))
    .option('--format <format>', 'ndjson or csv', 'ndjson')
    .option('--out <file>', 'where to write it (default: standard output)')
    .action(async options => end(await (await import('./audit.ts')).exportAudit(options)))
}

function withAuditFilters(command: Command): Command {
  return command
    .option('--actor <name>', 'by whom: bridge, admin:<name of the key>, or admin:oidc:<subject>')
    .option('--action <list>', 'what, such as job.dead; commas between')
    .option('--source <name>', 'of this source')
    .option('--integration <name>', 'of this integration')
    .option('--mapping <name>', 'of this mapping')
    .option('--event <id>', 'of this event')
    .option('--job <id>', 'of this job')
    .option('--target <name>', 'to what else: an operation, the fingerprint of a token')
    .option('--since <time>', 'from when on: a duration such as 7d, or an instant')
    .option('--until <time>', 'before when')
    .option('--q <text>', 'with this text in its detail')
}

function withFilters(command: Command): Command {
  return command
    .option('--source <name>', 'of this source')
    .option('--type <type>', 'of this event type')
    .option('--mapping <name>', 'of this mapping')
    .option('--integration <name>', 'of this integration')
    .option('--since <time>', 'from when on: a duration such as 7d, or an instant')
    .option('--until <time>', 'before when')
    .option('--limit <n>', 'how many at most (default: 50)')
    .option('--json', 'machine-readable output')
}
