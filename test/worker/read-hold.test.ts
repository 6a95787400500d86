import t from 'tap'
import { loadMappings } from '../../src/mapping/load-mappings.ts'
import { readHold } from '../../src/worker/read-hold.ts'
import { CONTEXT } from '../fixtures/mapping-folder.ts'

t.test('a hold that begins with a known reason has it, any other is mapping_held', async t => {
  t.strictSame(readHold('slug_taken: the slug is taken'), { reason: 'slug_taken', message: 'The slug is taken' })
  t.strictSame(readHold('note: x'), { reason: 'mapping_held', message: 'note: x' })
  t.strictSame(readHold('slug_taken:x'), { reason: 'mapping_held', message: 'slug_taken:x' })
  t.strictSame(readHold(''), { reason: 'mapping_held', message: '' })
  t.strictSame(readHold('invented_reason: x').reason, 'mapping_held', 'a payload cannot invent reasons')
})

t.test('every hold of the shipped actions begins with a known reason', async t => {
  const { actions } = await loadMappings(t.testdir({}), CONTEXT)
  const everything = new Proxy({}, { get: () => 'x' })
  let holds = 0
  for (const { name, steps } of actions.values()) {
    for (const step of steps) {
      if (step.kind !== 'hold') continue
      const text = step.message.evaluate({ with: everything, steps: everything })
      const first = text.ok ? String(text.value) : ''
      if (text.ok) t.not(readHold(first).reason, 'mapping_held', `${name} ${step.id}`)
      holds++
    }
  }
  t.ok(holds >= 9)
})
