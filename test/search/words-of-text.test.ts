import fc from 'fast-check'
import t from 'tap'
import { wordsOfText } from '../../src/search/words-of-text.ts'

const CASES: [what: string, text: string, words: string[]][] = [
  ['case does not count', 'Order ORDER order', ['order']],
  [
    'what is no letter or digit stands between words',
    'refs/heads/main: "a_b-c"',
    ['refs', 'heads', 'main', 'a', 'b', 'c'],
  ],
  ['accents do not count, whichever way they are written', 'Müller mu\u0308ller ΆΛΦΑ', ['muller', 'αλφα']],
  ['marks of other scripts are part of a word', 'नमस्ते', ['नमस्ते'.normalize('NFKD')]],
  ['a script without spaces gives a word a character', '東京タワー abc', ['東', '京', 'タ', 'ワ', 'ー', 'abc']],
  ['digits are words', '49.90 €', ['49', '90']],
  [
    'syntax of a search is no more than what stands between words',
    '" OR * NEAR(a col:b ^c',
    ['or', 'near', 'a', 'col', 'b', 'c'],
  ],
  ['NUL and half a surrogate pair stand between words', 'a\0b \ud800c\udc00d', ['a', 'b', 'c', 'd']],
  ['punctuation alone has no words', '" * -- ( ) ¿ € 🚀', []],
]

for (const [what, text, words] of CASES) t.test(what, async t => t.strictSame([...wordsOfText(text)], words))

t.test('a text that is all ASCII has the words it has beside others', async t => {
  const ascii = fc.string({ unit: fc.constantFrom(...'aB9 _-/"\0'), maxLength: 40 })
  fc.assert(
    fc.property(ascii, text => {
      t.strictSame(
        [...wordsOfText(`${text} é`)].filter(word => word !== 'e'),
        [...wordsOfText(text)],
      )
    }),
  )
})

t.test('a word is found by itself, whatever text it is of', async t => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 30 }), text => {
      for (const word of wordsOfText(text)) t.strictSame([...wordsOfText(word)], [word])
    }),
  )
  t.pass('no counterexample')
})
