import t from 'tap'
import { suggest } from '../../src/mapping/suggest.ts'

t.test('a near miss is suggested, anything else is not', async t => {
  const words = ['entries', 'entry', 'createEntry', 'page', 'pages']
  t.equal(suggest('entris', words), 'entries')
  t.equal(suggest('Entry', words), 'entry')
  t.equal(suggest('createEntyr', words), 'createEntry')
  t.equal(suggest('pgae', words), 'page')
  t.equal(suggest('pag', words), 'page')
  t.equal(suggest('banana', words), null)
  t.equal(suggest('x', []), null)
  t.equal(suggest('entry', ['entry']), null, 'the word itself is no suggestion')
  t.equal(suggest('x'.repeat(10_000), words), null)
})
