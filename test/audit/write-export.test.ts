import t from 'tap'
import { toCell } from '../../src/audit/write-export.ts'

t.test('no cell begins as a formula does', async t => {
  for (const first of ['=', '+', '-', '@', '\t', '\r']) t.equal(toCell(`${first}1+1`), `"'${first}1+1"`)
  t.equal(toCell('a=1'), '"a=1"')
  t.equal(toCell(-5), `"'-5"`)
})

t.test('quotes, commas and line breaks stay within their cell', async t => {
  t.equal(toCell('a"b'), '"a""b"')
  t.equal(toCell('a,b\r\nc'), '"a,b\r\nc"')
  t.equal(toCell(null), '')
  t.equal(toCell(''), '""')
})
