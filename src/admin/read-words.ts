import { BridgeError } from '../errors.ts'
import { numberWord } from '../search/number-word.ts'
import { wordsOfText } from '../search/words-of-text.ts'
import { eventsQuery, SEARCH_WORDS_MAX } from './event-questions.ts'
import { refuseKey } from './read-request.ts'

/**
 * Turns what a person searches for into the numbers of its words; null where nothing is searched for. Throws
 * `invalid_request` where there is no word in it or too many, or where payloads are not searched.
 */
export function readWords(q: string | undefined, search: { payloads: boolean }): string[] | null {
  if (q === undefined) return null
  if (!search.payloads)
    throw new BridgeError(
      'invalid_request',
      'q: expected "search": { "payloads": true } in bridge.json; events that come from then on are found',
    )
  const words = [...wordsOfText(q)]
  if (words.length === 0 || words.length > SEARCH_WORDS_MAX) throw refuseKey(eventsQuery, 'q')
  return words.map(numberWord)
}
