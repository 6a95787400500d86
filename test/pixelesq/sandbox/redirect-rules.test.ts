import t from 'tap'
import { call, openSandbox } from '../../fixtures/call-sandbox.ts'

const projectId = 'prj_demo'

t.test('a redirect is live at once, and its source is taken', async t => {
  const sandbox = await openSandbox(t)
  const create = (source: string, destination: string) =>
    call(sandbox, 'createRedirect', { projectId, source, destination })
  const { redirect } = await create('old/', '/new')
  t.match(redirect, { source: '/old', destination: '/new', permanent: true, active: true })
  t.equal((await create('/old', '/elsewhere')).code, 'CONFLICT')
  t.equal(sandbox.readLedger().effects, 1)
})

t.test('loops, bad sources and bad destinations are refused', async t => {
  const sandbox = await openSandbox(t)
  const create = (source: string, destination: string) =>
    call(sandbox, 'createRedirect', { projectId, source, destination })
  t.equal((await create('/a', '/a')).code, 'VALIDATION_FAILED')
  await create('/a', '/b')
  await create('/b', '/c')
  t.equal((await create('/c', '/a')).code, 'VALIDATION_FAILED')
  t.equal((await create('/x y', '/z')).code, 'VALIDATION_FAILED')
  t.equal((await create('/x', 'ftp://x')).code, 'VALIDATION_FAILED')
  t.equal((await create('/x', 'https://x.example/y')).code, null)
})

t.test('a deleted redirect frees its source, and deleting it again is NOT_FOUND', async t => {
  const sandbox = await openSandbox(t)
  const { redirect } = await call(sandbox, 'createRedirect', {
    projectId,
    source: '/a',
    destination: '/b',
    permanent: false,
  })
  t.equal(redirect.permanent, false)
  t.equal((await call(sandbox, 'deleteRedirect', { redirectId: redirect.id })).result.success, true)
  t.equal((await call(sandbox, 'deleteRedirect', { redirectId: redirect.id })).code, 'NOT_FOUND')
  t.equal((await call(sandbox, 'createRedirect', { projectId, source: '/a', destination: '/b' })).code, null)
})
