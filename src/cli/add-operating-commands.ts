import type { Command } from 'commander'
import type { End } from './end.ts'

/** Adds the commands about the service itself: whom it takes deliveries from, with what it writes, how it stands. */
export function addOperatingCommands(program: Command, end: End, config: readonly [string, string]): void {
  addNamedThings(program, end, config)
  addStats(program, end)
  addSecrets(program, end, config)
  addUpkeep(program, end, config)
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

function addSecrets(program: Command, end: End, config: readonly [string, string]): void {
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
    .option('--stopped', 'in the database this configuration names, which no service may have open')
    .option('--json', 'machine-readable output')
    .option(...config)
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
