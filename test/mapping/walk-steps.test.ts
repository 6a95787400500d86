import t from 'tap'
import { walkSteps } from '../../src/mapping/walk-steps.ts'
import { eventScope, loadOne } from '../fixtures/mapping-folder.ts'

const entry = { id: 'entry', operation: 'entry', variables: { entryId: 'e' } }
const step = (id: string, rest: object) => ({ id, operation: 'page', variables: { pageId: 'p' }, ...rest })

async function walk(t: Parameters<typeof loadOne>[0], steps: object[], answers = {}): Promise<string[]> {
  const mapping = await loadOne(t, { steps })
  return walkSteps(mapping, eventScope({ yes: true, no: false }), answers).map(
    walked => `${walked.step} ${walked.kind}`,
  )
}

t.test('a step that needs an answer nobody knows is unknown, one that only names it is not', async t => {
  const needs = (condition: string) => walk(t, [entry, step('b', { if: condition })])
  t.strictSame(await needs('steps.entry.entry.content.x == 1'), ['entry run', 'b unknown'])
  t.strictSame(await needs('payload.no && steps.entry.entry.content.x == 1'), ['entry run', 'b skip'])
  t.strictSame(await needs('steps.entry.entry.content.x == 1 && payload.no'), ['entry run', 'b skip'])
  t.strictSame(await needs('payload.yes || steps.entry.entry.content.x == 1'), ['entry run', 'b run'])
  t.strictSame(await needs('has(steps.entry)'), ['entry run', 'b run'])
  t.strictSame(await needs('default(steps.entry.entry.content.x, 1) == 1'), ['entry run', 'b unknown'])
  t.strictSame(
    await needs('payload.absent && steps.entry.entry.content.x'),
    ['entry run', 'b unknown'],
    'it may be false',
  )
  t.strictSame(await needs('payload.absent'), ['entry run', 'b failed'])
  t.strictSame(await walk(t, [entry, step('b', { variables: { pageId: '${steps.entry.entry.id}' } })]), [
    'entry run',
    'b unknown',
  ])
})

t.test('where it is open whether a step runs, a later one is known only if both ways agree', async t => {
  const maybe = step('maybe', { if: 'steps.entry.entry.content.x' })
  const later = (condition: string) => walk(t, [entry, maybe, step('c', { if: condition })])
  t.strictSame(await later('has(steps.maybe)'), ['entry run', 'maybe unknown', 'c unknown'])
  t.strictSame(await later('has(steps.maybe) || payload.yes'), ['entry run', 'maybe unknown', 'c run'])
  t.strictSame(await later('has(steps.maybe) || !has(steps.maybe)'), ['entry run', 'maybe unknown', 'c run'])
  t.strictSame(await later('payload.yes'), ['entry run', 'maybe unknown', 'c run'])
  const many = Array.from({ length: 5 }, (_, i) => step(`m${i}`, { if: 'steps.entry.entry.content.x' }))
  const any = many.map(({ id }) => `has(steps.${id})`).join(' || ')
  t.equal((await walk(t, [entry, ...many, step('c', { if: `${any} || payload.yes` })])).at(-1), 'c unknown')
})

t.test('answers that are given make everything known, and a hold or a failure ends the walk', async t => {
  const steps = [
    entry,
    step('b', { if: 'steps.entry.entry.content.x == 1' }),
    { id: 'h', if: "steps.entry.entry.content.y == 'stop'", hold: 'stop' },
    step('d', {}),
  ]
  const answer = (x: number, y: string) => ({ entry: { entry: { content: { x, y } } } })
  t.strictSame(await walk(t, steps, answer(1, 'go')), ['entry run', 'b run', 'h skip', 'd run'])
  t.strictSame(await walk(t, steps, answer(2, 'stop')), ['entry run', 'b skip', 'h hold'])
  t.strictSame(await walk(t, steps), ['entry run', 'b unknown', 'h unknown', 'd run'])
  t.strictSame(await walk(t, [step('a', { if: 'payload.absent' }), step('b', {})]), ['a failed'])
})
