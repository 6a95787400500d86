import pc from 'picocolors'
import { BridgeError } from '../errors.ts'
import { judgeMapping } from '../mapping/judge-mapping.ts'
import { readScope } from '../route/read-scope.ts'
import type { Setup } from '../setup/setup.ts'
import { compileIdentifier } from '../source/find-identifier.ts'
import { cliError, EXIT } from './exit.ts'
import { formatTable, say } from './list-rows.ts'
import { loadSetupOrExit } from './load-setup-or-exit.ts'
import { makeTestCases, type TestCase } from './make-test-cases.ts'
import { findTarget } from './send.ts'
import { sendRaw } from './send-raw.ts'

interface TestOptions {
  url?: string
  force?: boolean
  json?: boolean
  config?: string
}

interface Tested {
  case: string
  expected: number
  /** Null where it was not sent. */
  answered: number | null
  ok: boolean
  note: string | null
}

/** Sends what must be taken and what must be refused to the running service; 1 where an answer is another than expected. */
export async function testSource(name: string, options: TestOptions): Promise<number> {
  const { source, base } = findTarget(name, options)
  if (source.retired) throw cliError(EXIT.usage, `"${name}": expected a source that is not retired`)
  const setup = await loadSetupOrExit(options)
  const cases = makeCasesOrExit(name, () => makeTestCases(source, Date.now()))
  const taker = options.force === true ? null : findTaker(setup, name, cases[0])
  const tested: Tested[] = []
  for (const each of cases) {
    const isSent = taker === null || each.expected !== 200
    tested.push(isSent ? await run(each, base) : skip(each, taker))
    if (tested.at(-1)!.answered === 429) break
  }
  const ok = tested.every(each => each.ok)
  if (options.json === true) say(JSON.stringify({ source: name, ok, cases: tested }))
  else printTested(tested)
  return ok ? EXIT.done : EXIT.failed
}

function makeCasesOrExit<T>(name: string, make: () => T): T {
  try {
    return make()
  } catch (error) {
    if (!(error instanceof BridgeError)) throw error
    throw cliError(EXIT.failed, `"${name}": no test delivery can be made: ${error.message}`)
  }
}

async function run({ name, path, expected, note, ...delivery }: TestCase, base: string): Promise<Tested> {
  const { status, text } = await sendRaw(base + path, delivery)
  const waits = 'this address is to wait: too many of its deliveries were refused (limits.failedAuthPerMinute)'
  const told = status === 429 ? waits : status === 200 ? [outcomeOf(text), note].filter(Boolean).join('; ') : note
  return { case: name, expected, answered: status, ok: status === expected, note: told }
}

function skip({ name, expected }: TestCase, taker: string): Tested {
  return {
    case: name,
    expected,
    answered: null,
    ok: true,
    note: `not sent: mapping "${taker}" would take it (--force)`,
  }
}

function outcomeOf(text: string): string {
  try {
    const { outcome, eventId } = JSON.parse(text) as { outcome: string; eventId: string }
    return `${outcome} as ${eventId}`
  } catch {
    return 'with an answer that is not of the bridge'
  }
}

/** The first mapping here that would take the valid delivery and so write; null where none would. */
function findTaker({ config, mappings }: Setup, name: string, { path, headers, body }: TestCase): string | null {
  const { preset, eventType } = config.sources.get(name)!
  // the provider's own ping is kept in the history, and never mapped
  if (preset.ping !== undefined) return null
  const template = compileIdentifier(eventType, '')
  if (!template.ok) throw new Error(`the event type of "${name}" does not compile, although the setup was loaded`)
  const rule = { eventType: template.template, form: preset.form, mayEcho: false }
  const [type = '', query = ''] = path.replace(/^\//, '').split('?')
  const event = {
    seq: 0,
    id: '',
    source: name,
    type: type === '' ? null : type,
    key: '',
    method: 'POST',
    query,
    headers: headers.flat(),
    body: { encoding: 'raw', bytes: body },
    receivedAt: Date.now(),
    receipt: 'recorded',
  } as const
  const { constants, limits } = config
  const read = readScope(event, { sources: new Map([[name, rule]]), constants, jsonDepthMax: limits.jsonDepthMax })
  if (!read.ok) return null
  const own = [...mappings.values()].filter(({ source }) => source === name)
  return own.find(mapping => judgeMapping(mapping, read.scope, limits).taken)?.name ?? null
}

function printTested(tested: readonly Tested[]): void {
  const rows = tested.map(each => [
    each.case,
    String(each.expected),
    each.answered === null ? '' : String(each.answered),
    each.answered === null ? 'not sent' : each.ok ? 'ok' : 'NOT OK',
  ])
  const table = formatTable(['case', 'expected', 'answered', ''], rows)
  for (const [n, line] of table.entries()) {
    const row = tested[n - 1]
    const note = row?.note ?? ''
    say(row === undefined ? pc.dim(line) : `${row.ok ? line : pc.red(line)}${note === '' ? '' : `  ${pc.dim(note)}`}`)
  }
}
