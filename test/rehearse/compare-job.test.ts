import t from 'tap'
import { compareJob } from '../../src/rehearse/compare-job.ts'
import type { Foreseen } from '../../src/rehearse/foresee-job.ts'
import type { PastJob, SentStep } from '../../src/store/reports.ts'

const READ: SentStep = {
  step: 'r',
  operation: 'entry',
  effect: 'read',
  variables: '{"entryId":"e"}',
  outcome: 'applied',
}
const SAVE: SentStep = {
  step: 's',
  operation: 'updateEntry',
  effect: 'set',
  variables: '{"entryId":"e","lastVersion":3,"content":{"price":1}}',
  outcome: 'applied',
}

function past(sent: readonly SentStep[], change: Partial<PastJob> = {}): PastJob {
  return {
    id: 'job_1_1',
    mapping: 'm',
    mappingHash: 'h',
    integration: 'ci',
    orderKey: null,
    itemIndex: 0,
    item: null,
    state: 'succeeded',
    reason: null,
    done: [],
    sent,
    ...change,
  }
}

function foreseen(sent: readonly SentStep[], change: Partial<Foreseen> = {}): Foreseen {
  const sends = sent.map(({ step, operation, variables }) => ({ step, operation, variables: JSON.parse(variables) }))
  return { sends, open: [], end: { kind: 'done' }, ...change }
}
const OPEN = { open: [{ step: 's', operation: 'updateEntry', needs: ['r'] }] }
const pathsOf = (job: PastJob, now: Foreseen): string[] =>
  compareJob(job, now).differences.map(({ step, path }) => (step === null ? path : `${step} ${path}`))

t.test('the same operations with the same variables differ in nothing', async t => {
  t.strictSame(compareJob(past([READ, SAVE]), foreseen([READ, SAVE])), { differences: [], undecided: null })
})

t.test('the order of members is no difference', async t => {
  const turned = { ...SAVE, variables: '{"content":{"price":1},"lastVersion":3,"entryId":"e"}' }
  t.strictSame(pathsOf(past([READ, SAVE]), foreseen([READ, turned])), [])
})

t.test('a flow that started over is compared by what it sent last', async t => {
  const stale = { ...SAVE, variables: '{"entryId":"e","lastVersion":2}', outcome: 'rejected' } as const
  t.strictSame(pathsOf(past([READ, stale, READ, SAVE]), foreseen([READ, SAVE])), [])
})

t.test('questions of settling are no operations of the mapping', async t => {
  const asked = { ...READ, step: 's?', operation: 'entries' }
  t.strictSame(pathsOf(past([SAVE, asked]), foreseen([SAVE])), [])
})

t.test('a step that was only renamed is the same', async t => {
  t.strictSame(pathsOf(past([READ, SAVE]), foreseen([READ, { ...SAVE, step: 'renamed' }])), [])
})

t.test('a write that would not be sent is a difference, a read is not', async t => {
  t.strictSame(pathsOf(past([READ, SAVE]), foreseen([READ])), ['s operation'])
  t.strictSame(pathsOf(past([READ, SAVE]), foreseen([SAVE])), [])
})

t.test('a step whose answers were not kept may still send what was sent', async t => {
  const compared = compareJob(past([READ, SAVE]), foreseen([READ], OPEN))
  t.strictSame(compared.differences, [])
  t.equal(compared.undecided, 'depends on what is read (steps.r); that answer was not kept')
  const other = { open: [{ step: 's', operation: 'publishEntry', needs: ['r'] }] }
  t.strictSame(pathsOf(past([READ, SAVE]), foreseen([READ], other)), ['s operation'], 'but no other operation')
})

t.test('where the job stopped, nothing further can differ', async t => {
  const refused = past([READ, { ...SAVE, outcome: 'rejected' }], { state: 'dead', reason: 'rejected' })
  const more = { ...SAVE, step: 'more', operation: 'publishEntry' }
  t.strictSame(compareJob(refused, foreseen([READ, SAVE, more])), { differences: [], undecided: null })
  t.strictSame(compareJob(refused, foreseen([READ, SAVE], OPEN)), { differences: [], undecided: null })
  const expired = past([], { state: 'dead', reason: 'expired' })
  t.strictSame(pathsOf(expired, foreseen([SAVE])), [])
})

t.test('a job that has not ended is undecided, unless it differs already', async t => {
  const queued = past([READ], { state: 'queued', reason: 'not_sent' })
  t.equal(compareJob(queued, foreseen([READ, SAVE])).undecided, 'the job has not ended')
  t.strictSame(pathsOf(queued, foreseen([{ ...READ, variables: '{"entryId":"other"}' }])), ['r variables.entryId'])
})

t.test('a superseded job sent nothing on purpose', async t => {
  t.strictSame(pathsOf(past([], { state: 'superseded', reason: 'coalesced' }), foreseen([SAVE])), [])
})

t.test('how it ends is compared where the mapping decides on it', async t => {
  const dead = past([], { state: 'dead', reason: 'precision_loss' })
  const fails = (reason: string): Foreseen => foreseen([], { end: { kind: 'dead', reason, message: 'm' } })
  t.strictSame(pathsOf(dead, fails('precision_loss')), [])
  t.strictSame(pathsOf(dead, fails('missing_key')), ['outcome'])
  t.strictSame(pathsOf(dead, foreseen([])), ['outcome'])
  const holds = foreseen([READ], { end: { kind: 'held', message: 'look' } })
  t.strictSame(pathsOf(past([READ], { state: 'held', reason: 'mapping_held' }), holds), [])
  t.strictSame(pathsOf(past([READ]), holds), ['outcome'])
  t.strictSame(pathsOf(past([READ], { state: 'held', reason: 'mapping_held' }), foreseen([READ])), ['outcome'])
})
