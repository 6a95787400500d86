import fc from 'fast-check'
import t from 'tap'
import { lineAndColumn, offsetInString, scanJson } from '../../src/mapping/scan-json.ts'

t.test('every value is found where it stands', async t => {
  const text = '{\n  "a": [1, {"b/~": "x"}],\n  "c": null\n}'
  const scanned = scanJson(text)
  if (!scanned.ok) throw new Error('not scanned')
  const at = (pointer: string) => {
    const place = scanned.places.get(pointer)!
    return text.slice(place.start, place.end)
  }
  t.equal(at(''), text)
  t.equal(at('/a/0'), '1')
  t.equal(at('/a/1/b~1~0'), '"x"')
  t.equal(at('/c'), 'null')
  t.strictSame(lineAndColumn(text, scanned.places.get('/c')!.key!.start), { line: 3, column: 3 })
})

t.test('it takes what JSON.parse takes and refuses what it refuses', async t => {
  let refused = 0
  let taken = 0
  const piece = fc.constantFrom(
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    '"a"',
    '"',
    '\\',
    '1',
    '-',
    '0',
    '.5',
    'e3',
    'true',
    'nul',
    'null',
    ' ',
    '\n',
    '"\\u00e9"',
    '"\\x"',
  )
  const check = (text: string) => {
    const scanned = scanJson(text)
    let isJson = true
    try {
      JSON.parse(text)
    } catch {
      isJson = false
    }
    if (scanned.ok !== isJson) throw new Error(JSON.stringify(text))
    if (scanned.ok) taken++
    else refused++
  }
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 8 }), pieces => check(pieces.join(''))),
    { numRuns: 5_000 },
  )
  fc.assert(fc.property(fc.json({ maxDepth: 5 }), check), { numRuns: 500 })
  t.ok(refused > 1_000 && taken > 500)
})

t.test('an offset inside a string counts escapes', async t => {
  const text = '  "a\\n\\u0041b"'
  t.equal(text[offsetInString(text, 2, 0)], 'a')
  t.equal(text[offsetInString(text, 2, 3)], 'b')
  t.equal(text[offsetInString(text, 2, 99)], '"')
})

t.test('deep nesting is refused', async t => {
  t.match(scanJson('['.repeat(100_000)), { ok: false, expected: 'at most 64 levels of nesting' })
})
