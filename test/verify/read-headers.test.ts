import t from 'tap'
import { readHeaders } from '../../src/verify/read-headers.ts'

t.test('headers are found in any case, in the order asked for', async t => {
  t.same(readHeaders(['X-B', '2', 'X-A', '1', 'X-AB', '3'], ['x-a', 'x-b', 'x-c']), ['1', '2', undefined])
  t.same(readHeaders([], ['x-a']), [undefined])
  t.same(readHeaders(['X-A', ''], ['x-a']), [''])
})

t.test('T009 a header that comes twice makes the whole delivery ambiguous, one not asked for does not', async t => {
  t.equal(readHeaders(['X-A', '1', 'x-a', '1'], ['x-a']), null)
  t.equal(readHeaders(['X-A', '', 'x-a', '1'], ['x-a']), null)
  t.same(readHeaders(['Cookie', 'a', 'X-A', '1', 'Cookie', 'b', '__proto__', 'c'], ['x-a']), ['1'])
})
