import { Command, CommanderError } from 'commander'
import { BridgeError } from '../errors.ts'
import { EXIT, isCliError } from './exit.ts'

/** Runs the command line and gives its exit code: 0 done, 1 failed, 2 wrong usage, 78 bad configuration. */
export async function runProgram(argv: readonly string[]): Promise<number> {
  let code: number = EXIT.done
  const end = (result: number | undefined): void => {
    code = result ?? EXIT.done
  }
  try {
    await buildProgram(end).parseAsync([...argv])
    return code
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage
    if (isCliError(error)) {
      process.stderr.write(`${error.message}\n`)
      return error.exitCode
    }
    if (error instanceof BridgeError) {
      process.stderr.write(`${error.message}\n`)
      return error.code === 'config_invalid' ? EXIT.config : EXIT.failed
    }
    // a file that cannot be written, a port that is taken: the person can do something about it, a stack helps nobody
    if (error instanceof Error && 'syscall' in error) {
      process.stderr.write(`${error.message}\n`)
      return EXIT.failed
    }
    throw error
  }
}

function buildProgram(end: (code: number | undefined) => void): Command {
  const program = new Command('pixelesq-bridge')
    .description('Webhooks in, Pixelesq writes out: verified, durable, mapped by declarative JSON files')
    .exitOverride()
    .configureHelp({ showGlobalOptions: true })
  const config = ['--config <file>', 'path of bridge.json (default: BRIDGE_CONFIG, then ./bridge.json)'] as const

  program
    .command('init')
    .description('write a commented starting bridge.json, a mapping and .env.example into the current folder')
    .option('--force', 'write over files that are there')
    .action(async options => end((await import('./init.ts')).init(options)))
  program
    .command('start')
    .description('run the service')
    .option(...config)
    .action(async options => end(await (await import('../server.ts')).runServer(options)))
  program
    .command('demo')
    .description('service, sandbox and real signed deliveries, all embedded; prints what happened and keeps serving')
    .option('--port <port>', 'port of the service (default: 8787, or a free one)')
    .option('--once', 'end when everything was shown')
    .action(async options => end(await (await import('./demo.ts')).demo(options)))
  program
    .command('sandbox')
    .description('the Pixelesq API sandbox alone: state, tokens with roles, rate limits, faults')
    .option('--port <port>', 'port (default: 4400)')
    .option('--host <host>', 'address to listen on', '127.0.0.1')
    .option('--schema-out <file>', 'write the GraphQL schema to a file and end')
    .option('--ledger <file>', 'append every applied effect to a file, one line of JSON each')
    .action(async options => end(await (await import('./sandbox.ts')).sandbox(options)))
  program
    .command('check')
    .description("check the configuration, mappings and operations, run the mappings' tests, and say all that is wrong")
    .option(...config)
    .option('--json', 'machine-readable output')
    .option('--strict', 'warnings count as errors')
    .option('--live', 'also ask the endpoint: are the tokens accepted, does its schema fit; writes nothing')
    .action(async options => end(await (await import('./check.ts')).check(options)))
  program
    .command('schema')
    .description('the GraphQL schema that mappings are checked against')
    .command('pull')
    .description('write the schema of the endpoint to mappings/schema.graphql, and say what changed')
    .option('--endpoint <url>', 'another endpoint than that of bridge.json; the token is sent there')
    .option('--integration <name>', 'whose token is used (default: the first one)')
    .option('--out <file>', 'where to write it (default: pixelesq.schema, then schema.graphql in the mapping folder)')
    .option('--json', 'machine-readable output')
    .option(...config)
    .action(async options => end(await (await import('./schema-pull.ts')).pullSchema(options)))
  program
    .command('try <mapping>')
    .description('show whether a payload matches a mapping, why, and what would be sent; changes nothing')
    .requiredOption('--payload <file>', 'the payload, a JSON file; "-" reads standard input')
    .option('--type <type>', 'event type, such as workflow_run.completed')
    .option('--header <name:value...>', 'headers of the delivery')
    .option('--plan', 'read from the API, with the token of the integration, and show field by field what would change')
    .option(
      '--save-test <name>',
      'append it as a test to <mapping>.test.json; with --plan, the answers that were read too',
    )
    .option('--json', 'machine-readable output')
    .option(...config)
    .action(async (mapping, options) => end(await (await import('./try.ts')).tryMapping(mapping, options)))
  program
    .command('send <source>')
    .description('send a correctly signed test delivery to the running service, or one that was captured')
    .option('--payload <file>', 'the body, a file; "-" reads standard input')
    .option('--capture <file>', 'a whole delivery, as rejected show --save and events show --save-capture write it')
    .option('--sign', 'with --capture: sign it anew; otherwise it is sent as it was captured')
    .option('--type <type>', 'event type, such as workflow_run.completed')
    .option('--id <id>', 'delivery id, for senders that have one (default: a new one)')
    .option('--header <name:value...>', 'further headers')
    .option('--key <file>', "the sender's private key (PEM), where the source has the public one")
    .option('--url <url>', 'where to send it (default: the service this configuration starts)')
    .option('--json', 'machine-readable output')
    .option(...config)
    .action(async (source, options) =>
      end(
        options.capture === undefined
          ? await (await import('./send.ts')).sendDelivery(source, options)
          : await (await import('./send-capture.ts')).sendCapture(source, options),
      ),
    )
  program
    .command('rehearse')
    .description('put stored events of the running service through its mapping files of today; sends nothing')
    .requiredOption('--since <time>', 'from when on: a duration such as 7d, or an instant')
    .option('--mapping <name>', 'this mapping only')
    .option('--limit <n>', 'events looked at, at most (default: 100000)')
    .option('--details', 'every event that differs, not only the counts')
    .option('--json', 'machine-readable output')
    .action(async options => end(await (await import('./rehearse.ts')).rehearse(options)))
  program
    .command('reconcile <source>')
    .description('ask the sender what it could not deliver, and have the running service record it')
    .option('--since <time>', 'from when on: a duration such as 7d, or an instant', '3d')
    .option('--yes', 'record what is missing, without asking')
    .option('--json', 'machine-readable output')
    .action(async (source, options) => end(await (await import('./reconcile.ts')).reconcileSource(source, options)))
  addEvents(program, end, config)
  addJobs(program, end)
  addReplay(program, end)
  addRejected(program, end)
  addNamedThings(program, end, config)
  addStats(program, end)
  addSecrets(program, end)
  addAudit(program, end)
  addUpkeep(program, end, config)
  return program
}

type End = (code: number | undefined) => void

function addEvents(program: Command, end: End, config: readonly [string, string]): void {
  const events = program.command('events').description('what came in, and what was made of it')
  withFilters(events.command('list', { isDefault: true }).description('events, newest first (the default)'))
    .option('--outcome <list>', 'unrouted, matched, unmatched, quarantined, echo, ignored, id_conflict; commas between')
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

function addStats(program: Command, end: End): void {
  program
    .command('stats')
    .description('how much waits, and how much was done of late: by source, mapping and integration')
    .option('--json', 'machine-readable output')
    .action(async options => end(await (await import('./stats.ts')).showStats(options)))
  program
    .command('alerts')
    .description('who is told when something needs a person')
    .command('test')
    .description('have the running service send a test alert to its webhook, and show what was answered')
    .option('--json', 'machine-readable output')
    .action(async options => end(await (await import('./alerts.ts')).testAlert(options)))
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

function addSources(program: Command, end: End, config: readonly [string, string]): Command {
  const sources = program.command('sources').description('who may deliver, and which secret of each is in use')
  sources
    .command('list', { isDefault: true })
    .description('sources in force, with their secrets by fingerprint (the default)')
    .option('--json', 'machine-readable output')
    .action(async options => end(await (await import('./sources.ts')).listSources(options)))
  sources
    .command('test <source>')
    .description('send one valid delivery and several that must be refused, and show what was answered')
    .option('--url <url>', 'where to send them (default: the service this configuration starts)')
    .option('--force', 'send the valid one although a mapping takes it')
    .option('--json', 'machine-readable output')
    .option(...config)
    .action(async (source, options) => end(await (await import('./sources-test.ts')).testSource(source, options)))
  sources
    .command('capture <name>')
    .description('take over the secret that a sender hands out when it is set up (asana, notion)')
    .option('--minutes <n>', 'how long it waits, at most 60 (default: 10)')
    .option('--replace', 'although the source has a secret, which no longer counts then')
    .option('--json', 'machine-readable output')
    .action(async (name, options) => end(await (await import('./sources-capture.ts')).captureSecret(name, options)))
  return sources
}

function addSecrets(program: Command, end: End): void {
  const secrets = program
    .command('secrets')
    .description('secrets sealed in the store, for "sealed:<name>" in bridge.json')
  secrets
    .command('list', { isDefault: true })
    .description('names, fingerprints and when, never the values (the default)')
    .option('--json', 'machine-readable output')
    .action(async options => end(await (await import('./secrets.ts')).listSecrets(options)))
  secrets
    .command('set <name>')
    .description('seal a secret: from standard input, or asked for and not shown')
    .option('--json', 'machine-readable output')
    .action(async (name, options) => end(await (await import('./secrets.ts')).setSecret(name, options)))
  secrets
    .command('delete <name>')
    .description('delete a secret that bridge.json does not name')
    .option('--json', 'machine-readable output')
    .action(async (name, options) => end(await (await import('./secrets.ts')).deleteSecret(name, options)))
  secrets
    .command('reseal')
    .description('seal all of them anew with BRIDGE_MASTER_KEY_NEW of the service')
    .option('--json', 'machine-readable output')
    .action(async options => end(await (await import('./secrets.ts')).resealSecrets(options)))
}

function addNamedThings(program: Command, end: End, config: readonly [string, string]): void {
  const sources = addSources(program, end, config)
  const mappings = program.command('mappings').description('the mapping files in force')
  mappings
    .command('list', { isDefault: true })
    .description('mappings in force (the default)')
    .option('--json', 'machine-readable output')
    .action(async options => end(await (await import('./sources.ts')).listMappings(options)))
  const integrations = program.command('integrations').description('whose tokens write, and a word on them')
  integrations
    .command('list', { isDefault: true })
    .description('integrations with their tokens in force, by fingerprint (the default)')
    .option('--json', 'machine-readable output')
    .action(async options => end(await (await import('./integrations.ts')).listIntegrations(options)))
  integrations
    .command('show <name>')
    .description('an integration: every token it had, and what each wrote')
    .option('--json', 'machine-readable output')
    .action(async (name, options) => end(await (await import('./integrations.ts')).showIntegration(name, options)))
  integrations
    .command('rotate <name>')
    .description('read its token anew from where bridge.json says it is, try it, and put it in force')
    .option('--json', 'machine-readable output')
    .action(async (name, options) => end(await (await import('./integrations.ts')).rotateToken(name, options)))
  integrations
    .command('revoke <name>')
    .description('stop its token for good: nothing carries it any more; jobs wait for another token')
    .option('--token <fingerprint>', 'another token than the one in force')
    .option('--json', 'machine-readable output')
    .action(async (name, options) => end(await (await import('./integrations.ts')).revokeToken(name, options)))
  for (const [thing, command] of [
    ['sources', sources],
    ['integrations', integrations],
    ['mappings', mappings],
  ] as const) {
    command
      .command('pause <name>')
      .description('nothing is claimed or sent for it until it is resumed; deliveries are taken')
      .option('--reason <text>', 'why, for those who look later')
      .option('--json', 'machine-readable output')
      .action(async (name, options) => end(await (await import('./act-on-name.ts')).pauseThing(thing, name, options)))
    command
      .command('resume <name>')
      .description('its jobs go on, each order key in its order')
      .option('--json', 'machine-readable output')
      .action(async (name, options) => end(await (await import('./act-on-name.ts')).resumeThing(thing, name, options)))
  }
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
    .option('--actor <name>', 'by whom: bridge, or admin:<name of the key>')
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

function addUpkeep(program: Command, end: End, config: readonly [string, string]): void {
  program
    .command('backup <file>')
    .description('write a checked copy of the database of the running service, and a manifest beside it')
    .option('--stopped', 'of the database this configuration names, which no service may have open')
    .option('--json', 'machine-readable output')
    .option(...config)
    .action(async (file, options) => end(await (await import('./backup.ts')).backUp(file, options)))
  program
    .command('restore <file>')
    .description('put a backup in the place of the database; the service must be stopped. What was there is kept')
    .option('--json', 'machine-readable output')
    .option(...config)
    .action(async (file, options) => end((await import('./restore.ts')).restore(file, options)))
  program
    .command('doctor')
    .description('look at machine, files, database, setup and work of the service, whether it runs or not')
    .option('--json', 'machine-readable output')
    .option(...config)
    .action(async options => end(await (await import('./doctor.ts')).examine(options)))
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
