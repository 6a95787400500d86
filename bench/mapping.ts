/**
 * What mapping costs, on one thread: how often a mapping of 10 fields is evaluated over a real GitHub payload of 17 KB in a
 * second, beside the same fields written by hand in JavaScript; how long 1,000 mapping files take to be loaded, and one
 * changed file among them to be checked again. Asked: at least 20,000 evaluations a second; at most 3 s; at most 100 ms.
 * Run: npm run bench:mapping [-- rounds]
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { CheckedMapping } from '../src/mapping/checked-mapping.ts'
import { createScope, type EventScope } from '../src/mapping/create-scope.ts'
import { createBudget, runWithin } from '../src/mapping/expression/evaluation-budget.ts'
import { JOB_STEPS_MAX } from '../src/mapping/expression/expression-limits.ts'
import { judgeMapping } from '../src/mapping/judge-mapping.ts'
import { loadMappings, type Mappings } from '../src/mapping/load-mappings.ts'
import { computeVars, mapStep } from '../src/mapping/map.ts'
import { parsePayload } from '../src/mapping/parse-payload.ts'
import { readGithubPayload } from './github-payload.ts'
import { median, printTable } from './table.ts'

const ROUNDS = Number(process.argv[2] ?? 5)
const MEASURE_MS = 1_000
const FILES = 1_000

/** What the kinds of fields of a real mapping are: members as they come, text, numbers, dates, choices, lists. */
const FIELDS = {
  title: '${payload.workflow_run.name}',
  repository: '${payload.repository.full_name}',
  url: '${payload.workflow_run.html_url}',
  run: '${payload.workflow_run.run_number}',
  headline: 'Run ${payload.workflow_run.run_number} of ${payload.workflow.name} by ${payload.sender.login}',
  slug: '${slugify(payload.workflow.name)}',
  passed: "${payload.workflow_run.conclusion == 'success'}",
  state: "${payload.workflow_run.conclusion == 'success' ? 'green' : 'red'}",
  branch: "${default(payload.workflow_run.head_branch, 'main')}",
  started: '${dateTimeOffset(payload.workflow_run.created_at)}',
}
const MAPPING = {
  source: 'github',
  on: ['workflow_run.*'],
  when: "payload.action == 'completed' && payload.repository.fork == false",
  integration: 'ci',
  order: '${payload.repository.full_name}',
  steps: [{ id: 'saved', operation: 'updateEntry', variables: { entryId: 'ent_1', lastVersion: 1, content: FIELDS } }],
}
const CONTEXT = {
  sources: new Set(['github']),
  integrations: new Set(['ci']),
  constants: {},
  // Payloads are typed where the event schemas are installed.
  presets: new Map([['github', 'github']]),
}

const { body } = readGithubPayload()
const payload: unknown = JSON.parse(body.toString())
const folder = mkdtempSync(join(tmpdir(), 'bridge-bench-'))
try {
  const evaluation = await measureEvaluation()
  const loading = await measureLoading()
  process.stdout.write(
    `\nPayload of ${body.length} bytes, ${Object.keys(FIELDS).length} fields, one thread, median of ${ROUNDS} rounds\n`,
  )
  printTable(evaluation)
  process.stdout.write(`\n${FILES} mapping files, median of ${ROUNDS} rounds\n`)
  printTable(loading)
} finally {
  rmSync(folder, { recursive: true, force: true })
}

async function measureEvaluation(): Promise<Record<string, string | number>[]> {
  const mapping = await loadOne()
  const scope = createScope({
    event: { id: 'evt_1', source: 'github', type: 'workflow_run.completed', key: 'k', receivedAt: 0 },
    payload,
    lossy: null,
    headers: {},
    query: {},
    constants: {},
  })
  const works: Record<string, () => unknown> = {
    'by hand': () => mapByHand(payload as Hand),
    evaluation: () => evaluate(mapping, scope),
    'match, plan, evaluation': () => {
      const judged = judgeMapping(mapping, scope, { jobsPerEventMax: 100 })
      if (!judged.taken) throw new Error(judged.match.detail)
      return evaluate(mapping, scope)
    },
    'parse, match, plan, evaluation': () => {
      const parsed = parsePayload(body, 'application/json', '', { depthMax: 64 }, null)
      if (!parsed.ok) throw new Error(parsed.message)
      const fresh = { ...scope, payload: parsed.payload }
      judgeMapping(mapping, fresh, { jobsPerEventMax: 100 })
      return evaluate(mapping, fresh)
    },
  }
  const same = JSON.stringify(works.evaluation!()) === JSON.stringify(works['by hand']!())
  if (!same)
    throw new Error(`the two differ\n${JSON.stringify(works.evaluation!())}\n${JSON.stringify(works['by hand']!())}`)
  const perSecond = new Map(Object.keys(works).map(name => [name, [] as number[]]))
  for (let round = 0; round < ROUNDS; round++)
    for (const [name, work] of Object.entries(works)) perSecond.get(name)!.push(countPerSecond(work))
  const hand = median(perSecond.get('by hand')!)
  return Object.keys(works).map(name => {
    const rate = median(perSecond.get(name)!)
    return {
      what: name,
      'a second': Math.round(rate),
      'µs each': (1e6 / rate).toFixed(1),
      'times by hand': (hand / rate).toFixed(1),
      lowest: Math.round(Math.min(...perSecond.get(name)!)),
    }
  })
}

/** What the worker does of it, with the budget of a job. */
function evaluate(mapping: CheckedMapping, scope: EventScope): unknown {
  const budget = createBudget(JOB_STEPS_MAX)
  const vars = runWithin(budget, () => computeVars(mapping, scope))
  if (!vars.ok) throw new Error(vars.message)
  const mapped = runWithin(budget, () => mapStep(mapping, 0, { ...scope, vars: vars.vars, steps: {} }))
  if (mapped.kind !== 'run') throw new Error(JSON.stringify(mapped))
  return mapped.variables
}

interface Hand {
  workflow_run: {
    name: string
    html_url: string
    run_number: number
    conclusion: string
    head_branch: string
    created_at: string
  }
  repository: { full_name: string }
  workflow: { name: string }
  sender: { login: string }
}

/** The same fields as somebody would write them who trusts the payload; the text is made as it is when it is sent. */
function mapByHand({ workflow_run: run, repository, workflow, sender }: Hand): unknown {
  const variables = {
    entryId: 'ent_1',
    lastVersion: 1,
    content: {
      title: run.name,
      repository: repository.full_name,
      url: run.html_url,
      run: run.run_number,
      headline: `Run ${run.run_number} of ${workflow.name} by ${sender.login}`,
      slug: workflow.name
        .normalize('NFKD')
        .replace(/\p{M}/gu, '')
        .toLowerCase()
        .split(/[^a-z0-9]+/)
        .filter(Boolean)
        .join('-'),
      passed: run.conclusion === 'success',
      state: run.conclusion === 'success' ? 'green' : 'red',
      branch: run.head_branch ?? 'main',
      started: `${new Date(run.created_at).toISOString().slice(0, 19)}+00:00`,
    },
  }
  JSON.stringify(variables)
  return variables
}

function countPerSecond(work: () => unknown): number {
  const startedAt = performance.now()
  let count = 0
  let now = startedAt
  while (now - startedAt < MEASURE_MS) {
    for (let i = 0; i < 100; i++) work()
    count += 100
    now = performance.now()
  }
  return (count * 1_000) / (now - startedAt)
}

async function loadOne(): Promise<CheckedMapping> {
  const one = join(folder, 'one')
  mkdirSync(one)
  writeFileSync(join(one, 'bench.json'), JSON.stringify(MAPPING, null, 2))
  return soundOf(await loadMappings(one, CONTEXT), 1)[0]!
}

function soundOf({ mappings, problems }: Mappings, count: number): readonly CheckedMapping[] {
  const errors = problems.filter(problem => problem.severity === 'error')
  if (errors.length > 0 || mappings.length !== count) throw new Error(JSON.stringify(errors[0]))
  return mappings
}

/** Half are steps of their own, half an action, and every text differs, so that nothing is shared. */
async function measureLoading(): Promise<Record<string, string | number>[]> {
  const firstMs: number[] = []
  const againMs: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const many = join(folder, `many-${round}`)
    mkdirSync(many)
    for (let n = 0; n < FILES; n++) writeFileSync(join(many, `m${n}.json`), JSON.stringify(variant(n), null, 2))
    firstMs.push(await timeLoad(many))
    writeFileSync(join(many, 'm7.json'), JSON.stringify(variant(FILES + round), null, 2))
    againMs.push(await timeLoad(many))
  }
  const row = (what: string, ms: readonly number[]) => ({
    what,
    ms: median(ms).toFixed(0),
    highest: Math.max(...ms).toFixed(0),
  })
  return [row('loaded the first time', firstMs), row('loaded again after one was changed', againMs)]
}

function variant(n: number): object {
  const { steps, ...trigger } = MAPPING
  const named = { ...trigger, description: `mapping ${n}`, when: `${trigger.when} && payload.workflow_run.id != ${n}` }
  return n % 2 === 0
    ? { ...named, steps }
    : { ...named, action: 'updateEntry', with: { entryId: `ent_${n}`, content: FIELDS } }
}

async function timeLoad(path: string): Promise<number> {
  const startedAt = performance.now()
  soundOf(await loadMappings(path, CONTEXT), FILES)
  return performance.now() - startedAt
}
