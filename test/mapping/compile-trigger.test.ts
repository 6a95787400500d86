import t from 'tap'
import { loadFolder, loadOne } from '../fixtures/mapping-folder.ts'

const steps = [{ id: 'a', operation: 'projects' }]

t.test('echoes are skipped unless the mapping says otherwise', async t => {
  t.equal((await loadOne(t, { steps })).onEcho, 'skip')
  t.equal((await loadOne(t, { steps, onEcho: 'skip' })).onEcho, 'skip')
  t.equal((await loadOne(t, { steps, onEcho: 'run' })).onEcho, 'run')
})

t.test('another word for "onEcho" is refused with its place', async t => {
  const { problems } = await loadFolder(t, { 'm.json': { source: 'github', integration: 'ci', steps, onEcho: 'map' } })
  t.match(problems, [{ pointer: '/onEcho', severity: 'error', found: '"map"' }])
})
