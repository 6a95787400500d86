import { createRequire } from 'node:module'
import t from 'tap'
import { numberWord } from '../../src/search/number-word.ts'
import { PAYLOAD_CHARS_MAX, PAYLOAD_WORDS_MAX, wordsOfPayload } from '../../src/search/words-of-payload.ts'
import { wordsOfText } from '../../src/search/words-of-text.ts'

const has = (payload: unknown, word: string): boolean => wordsOfPayload(payload).split(' ').includes(numberWord(word))
const count = (payload: unknown): number => wordsOfPayload(payload).split(' ').length

t.test('texts and numbers are read wherever they stand, names of members are not', async t => {
  const payload = { order: { id: 8812, tags: ['Urgent', { note: 'call Müller' }] }, paid: true, gift: null }
  for (const word of ['8812', 'urgent', 'call', 'muller']) t.ok(has(payload, word), word)
  for (const word of ['order', 'id', 'tags', 'note', 'paid', 'true', 'null']) t.notOk(has(payload, word), word)
  t.equal(count(payload), 4)
  t.equal(wordsOfPayload({ paid: true }), '')
})

t.test('neighbouring values stay words of their own', async t => {
  t.ok(has(['red', 'blue'], 'blue'))
  t.notOk(has(['red', 'blue'], 'redblue'))
})

t.test('the first characters and words of a payload are read, and no more', async t => {
  const words = Array.from({ length: PAYLOAD_WORDS_MAX + 1 }, (_, n) => `w${n}`)
  t.equal(count(words), PAYLOAD_WORDS_MAX)
  t.ok(has(words, `w${PAYLOAD_WORDS_MAX - 1}`))
  t.notOk(has(words, `w${PAYLOAD_WORDS_MAX}`))
  const filler = 'x '.repeat(PAYLOAD_CHARS_MAX / 2 - 4)
  t.ok(has([filler, 'last'], 'last'))
  t.notOk(has([`${filler} ........`, 'last'], 'last'))
})

t.test('a deep and a wide payload are read', async t => {
  let deep: unknown = 'bottom'
  for (let n = 0; n < 1_000; n++) deep = [deep]
  t.ok(has(deep, 'bottom'))
  t.equal(count(new Array(1_000_000).fill('same')), 1)
})

t.test('a number says nothing of its word but that it is the same', async t => {
  t.equal(numberWord('order'), numberWord('order'))
  for (const word of ['', 'a', 'order', '東', 'x'.repeat(10_000)]) t.match(numberWord(word), /^[0-9a-z]{8}$/)
})

t.test('no two words of all of GitHub’s payloads, or of a hundred thousand ids, have the same number', async t => {
  const list = createRequire(import.meta.url)('@octokit/webhooks-examples') as { examples: object[] }[]
  const words = wordsOfText(JSON.stringify(list))
  for (let n = 0; n < 100_000; n++) words.add(`${1_000_000 + n}`)
  t.ok(words.size > 102_000, `${words.size} words`)
  t.equal(new Set([...words].map(numberWord)).size, words.size)
})
