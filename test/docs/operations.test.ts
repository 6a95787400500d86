import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { findRemedy, REMEDIES } from '../../src/admin/find-remedy.ts'
import { REPLAY_SKIPS } from '../../src/admin/replay-skips.ts'
import { ALERT_KIND_NAMES } from '../../src/alerts/alert-kinds.ts'
import { knownKeysAt } from '../../src/config/bridge-schema.ts'
import { loadConfig } from '../../src/config/load-config.ts'
import { LIMITED_WAIT_MS_MAX, LIMITED_WAITS_MAX } from '../../src/reconcile/create-asker.ts'
import { MISSED_BYTES_MAX, MISSED_MAX } from '../../src/reconcile/find-missed.ts'
import { PAGES_MAX } from '../../src/reconcile/reconcile.ts'
import { codesOf, ROOT, readDoc, readTable } from './read-docs.ts'

const text = readDoc('docs/operations.md')
const rowsOf = (heading: string): string[] => readTable(text, heading).map(([cell]) => codesOf(cell!)[0]!)

/** The sources that move jobs. */
const sources = ['src/worker', 'src/store/sqlite'].flatMap(folder =>
  readdirSync(join(ROOT, folder))
    .filter(file => file.endsWith('.ts'))
    .map(file => readDoc(`${folder}/${file}`)),
)

/** Reasons that the sources give with a state, in the three ways they are written. */
function reasonsOf(state: 'held' | 'dead'): Set<string> {
  const patterns = [
    new RegExp(`\\b${state}\\(\\s*'([a-z_]+)'`, 'g'),
    new RegExp(`state: '${state}',\\s*reason: '([a-z_]+)'`, 'g'),
    new RegExp(`set state = '${state}'[^\`]*?reason = '([a-z_]+)'`, 'g'),
  ]
  return new Set(
    sources.flatMap(source => patterns.flatMap(pattern => [...source.matchAll(pattern)].map(([, name]) => name!))),
  )
}

/** The members of a union of literals. */
function membersOf(file: string, type: string): string[] {
  const union = new RegExp(`type ${type} =([^\\n]*(?:\\n +\\|[^\\n]*)*)`).exec(readDoc(file))?.[1] ?? ''
  return [...union.matchAll(/'([a-z0-9_]+)'/g)].map(([, name]) => name!)
}

t.test('every reason a job is held for has its row', async t => {
  const own = /HOLD_REASONS[^[]*\[\][^[]*\[([^\]]*)\]/.exec(readDoc('src/worker/read-hold.ts'))?.[1] ?? ''
  const shipped = [...own.matchAll(/'([a-z_]+)'/g)].map(([, name]) => name!)
  t.ok(shipped.length >= 5)
  const reasons = [...reasonsOf('held'), ...shipped, 'mapping_held']
  for (const reason of ['in_doubt', 'found_different', 'mapping_changed', 'integration_missing', 'poison'])
    t.ok(reasons.includes(reason), `${reason} is found in the sources`)
  t.strictSame(new Set(rowsOf('## Reasons a job is held')), new Set(reasons))
})

t.test('every reason a job is dead for has its row', async t => {
  const ofExpressions = membersOf('src/mapping/expression/describe-failure.ts', 'FailureReason')
  const ofMapping = membersOf('src/mapping/map.ts', 'MapFailure')
  const ofPayload = membersOf('src/mapping/parse-payload.ts', 'PayloadRefusal')
  for (const members of [ofExpressions, ofMapping, ofPayload]) t.ok(members.length > 0)
  // a dead job calls it mapping_cost (evaluation-budget.ts)
  const named = ofExpressions.map(reason => (reason === 'too_costly' ? 'mapping_cost' : reason))
  const reasons = [...reasonsOf('dead'), ...named, ...ofMapping, ...ofPayload, 'too_many_items']
  for (const reason of ['expired', 'rejected', 'attempts_used_up', 'poison', 'discarded'])
    t.ok(reasons.includes(reason), `${reason} is found in the sources`)
  t.strictSame(new Set(rowsOf('## Reasons a job is dead')), new Set(reasons))
})

t.test('the API says of every reason what to do, in the words of the document', async t => {
  for (const state of ['held', 'dead'] as const) {
    const rows = readTable(text, `## Reasons a job is ${state}`)
    const words = rows.map(([reason, , remedy]) => [codesOf(reason!)[0]!, remedy!.replaceAll('`', '')] as const)
    t.ok(words.length > 10)
    t.same(REMEDIES[state], Object.fromEntries(words))
    for (const [reason, remedy] of words) t.equal(findRemedy(state, reason), remedy)
  }
  t.match(findRemedy('in_doubt', 'answer_lost'), /settle/)
  for (const state of ['queued', 'running', 'succeeded', 'superseded'] as const)
    t.equal(findRemedy(state, 'poison'), null)
})

t.test('every reason something is not replayed for has its row', async t => {
  t.strictSame(rowsOf('### What a replay skips'), [...REPLAY_SKIPS])
})

t.test('what waits by itself is named', async t => {
  const waiting = sources.flatMap(source =>
    [...source.matchAll(/(?:wait\(|state: '(?:queued|in_doubt)'[^}]*?reason: |reason: )'([a-z_]+)'/g)].map(
      ([, name]) => name!,
    ),
  )
  const known = new Set([...text.matchAll(/`([a-z_]+)`/g)].map(([, name]) => name!))
  for (const reason of waiting)
    if (reason !== 'lease_lost' && reason !== 'echo' && reason !== 'not_found') t.ok(known.has(reason), reason)
  t.ok(waiting.length > 10)
})

t.test('every alert has its row, and the example of alerts is sound', t => {
  const section = text.slice(text.indexOf('## Alerts'), text.indexOf('## Traces'))
  const tables = [...section.matchAll(/^\| `([a-zA-Z_]+)`/gm)].map(([, name]) => name!)
  t.strictSame(tables, [...knownKeysAt('/alerts'), ...ALERT_KIND_NAMES])
  const [, example] = /```json\n([\s\S]*?)\n```/.exec(section)!
  const env = { ALERT_SECRET: `whsec_${Buffer.alloc(32, 1).toString('base64')}` }
  const loaded = loadConfig({ cwd: t.testdir({ 'bridge.json': `{ ${example} }`, mappings: {} }), env })
  t.ok(loaded.ok, loaded.ok ? '' : JSON.stringify(loaded.problems))
  t.end()
})

t.test('every metric of ours has its row, with its labels', async t => {
  const sources = readdirSync(join(ROOT, 'src/metrics')).map(file => readDoc(`src/metrics/${file}`))
  const named = sources.flatMap(source => [...source.matchAll(/'(bridge_[a-z_]+)'/g)].map(([, name]) => name!))
  const counted = ['deliveries', 'attempts', 'jobs'].map(what => `bridge_${what}_total`)
  t.ok(named.length > 8)
  t.strictSame(new Set(rowsOf('## Metrics')), new Set([...named, ...counted]))
})

t.test('the example of reconcile is sound, and every key of it is named', t => {
  const section = text.slice(text.indexOf('## The bridge was away'))
  const [, example] = /```json\n([\s\S]*?)\n```/.exec(section)!
  const secret = 'a-secret-of-24-characters'
  const names = [...example!.matchAll(/env:([A-Z_]+)/g)].map(([, name]) => name!)
  const env = {
    ...Object.fromEntries(names.map(name => [name, secret])),
    GITLAB_SIGNING_TOKEN: `whsec_${Buffer.alloc(32, 1).toString('base64')}`,
  }
  const loaded = loadConfig({ cwd: t.testdir({ 'bridge.json': `{ ${example} }`, mappings: {} }), env })
  t.ok(loaded.ok, loaded.ok ? '' : JSON.stringify(loaded.problems))
  const keys = readTable(section, '## The bridge was away: fetch what was missed').map(([cell]) => codesOf(cell!)[0])
  t.strictSame(keys, knownKeysAt('/sources/x/reconcile'))
  t.end()
})

t.test('the bounds of reconcile are those of the sources', t => {
  const section = text.slice(text.indexOf('## The bridge was away')).replace(/\s+/g, ' ')
  t.ok(section.includes(`${PAGES_MAX} pages, 1,000 events and ${MISSED_BYTES_MAX / 1_048_576} MiB of payloads`))
  t.equal(MISSED_MAX, 1_000)
  t.same([LIMITED_WAIT_MS_MAX, LIMITED_WAITS_MAX], [60_000, 5], 'up to a minute, five times')
  t.end()
})

t.test('every action of the audit has its row, and so has every problem', async t => {
  const membersOf = (file: string, type: string): string[] => {
    const union = new RegExp(`type ${type} =([^\\n]*(?:\\n +\\|[^\\n]*)*)`).exec(readDoc(file))?.[1] ?? ''
    return [...union.matchAll(/'([a-z_.]+)'/g)].map(([, name]) => name!)
  }
  const actions = membersOf('src/store/audit.ts', 'AuditAction')
  t.ok(actions.length > 30)
  t.strictSame(new Set(rowsOf('## Audit')), new Set(actions))
  const problems = [
    ...membersOf('src/audit/walk-checkpoints.ts', 'CheckpointProblem'),
    ...membersOf('src/audit/verify-audit.ts', 'AuditProblem'),
  ]
  const table = text.slice(text.indexOf('| problem '))
  t.ok(problems.length > 7)
  for (const problem of problems) t.ok(table.includes(`\n| \`${problem}\``), problem)
})
