import t from 'tap'
import { excerptOf } from '../../src/mapping/excerpt.ts'

t.test('an excerpt shows the line with a caret under the place', async t => {
  const text = '{\n    "when": "payload.a = 1"\n}\n'
  t.equal(excerptOf({ line: 2, column: 23 }, text), '"when": "payload.a = 1"\n                  ^')
  t.equal(excerptOf({ line: 1, column: 1 }, text), '{\n^')
  t.equal(excerptOf({ line: 2, column: 1 }, text), '    "when": "payload.a = 1"\n^', 'a place before the text')
  t.equal(excerptOf({ line: 1, column: 1 }, '\ufeff{}'), '{}\n^', 'the byte order mark is not shown')
})

t.test('there is none where the place is not known', async t => {
  t.equal(excerptOf({ line: null, column: null }, 'x'), null)
  t.equal(excerptOf({ line: 3, column: null }, 'x'), null)
  t.equal(excerptOf({ line: 3, column: 1 }, 'x'), null)
})

t.test('a long line is shortened around the place', async t => {
  const [line, caret] = excerptOf({ line: 1, column: 301 }, `${'a'.repeat(300)}X${'b'.repeat(300)}`)!.split('\n')
  t.equal(line, `…${'a'.repeat(50)}X${'b'.repeat(49)}…`)
  t.equal(line?.[caret!.indexOf('^')], 'X')
})

t.test('control characters of the file do not reach the terminal', async t => {
  t.equal(excerptOf({ line: 1, column: 3 }, 'a\u001b[31m\tb'), 'a [31m b\n  ^')
})
