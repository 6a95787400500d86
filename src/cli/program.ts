import { Command, CommanderError } from 'commander'
import { BridgeError } from '../errors.ts'
import { readVersion } from '../metrics/read-version.ts'
import { addHistoryCommands } from './add-history-commands.ts'
import { addOperatingCommands } from './add-operating-commands.ts'
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
    .version(readVersion(), '-V, --version', 'show the version')
    .exitOverride()
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
  addHistoryCommands(program, end, config)
  addOperatingCommands(program, end, config)
  return program
}
