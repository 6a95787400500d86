import fc from 'fast-check'
import t from 'tap'
import { readStrictFields, readStrictForm, runTogether } from '../../src/verify/strict-form.ts'

const read = (text: string) => readStrictForm(Buffer.from(text, 'latin1'))
const readFields = (text: string) => readStrictFields(Buffer.from(text, 'latin1'))

t.test('a form is read as senders write it', async t => {
  t.strictSame(
    [...read('b=x+y&a=%2B1%C3%A9&c=')!],
    [
      ['b', 'x y'],
      ['a', '+1é'],
      ['c', ''],
    ],
  )
  t.equal(String(runTogether(readFields('b=x+y&a=%2B1&c=')!)), 'a+1bx yc')
  t.equal(read('')!.size, 0)
  fc.assert(
    fc.property(fc.dictionary(fc.string({ minLength: 1 }), fc.string({ unit: 'grapheme' })), fields => {
      const form = read(new URLSearchParams(fields).toString())
      return form !== null && Object.entries(fields).every(([name, value]) => form.get(name) === value)
    }),
  )
})

t.test('a second spelling of the same fields is refused', async t => {
  for (const text of [
    'a=1&a=1',
    'a=1&b=2&a=1',
    'a=%2b',
    'a=%41',
    'a=%30',
    'a=%7a',
    'a',
    '=1',
    'a=1&',
    '&a=1',
    'a=1&&b=2',
    'a=%',
    'a=%4',
    'a=%GG',
    'a=é',
    'a= 1',
    'a=1\n',
    'a=%FF',
    'a=%C3',
  ])
    t.strictSame([read(text), readFields(text)], [null, null], text)
  t.equal(read(Array.from({ length: 501 }, (_, i) => `f${i}=1`).join('&')), null, 'too many fields')
  t.ok(read(`a=${'%C3%A9'.repeat(200_000)}`), 'a long value is no trouble')
})

t.test(
  'a name with several values is read where its sender signs them all, and not where only one is signed',
  async t => {
    const text = 'b=2&a=9&b=10&a=1'
    t.equal(read(text), null)
    t.equal(String(runTogether(readFields(text)!)), 'a1a9b10b2')
    t.equal(String(runTogether(readFields('a=2&aa=1&a=')!)), 'aa2aa1')
  },
)
