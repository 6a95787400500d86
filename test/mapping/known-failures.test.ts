import t from 'tap'
import { loadMappings } from '../../src/mapping/load-mappings.ts'
import { CONTEXT, problemLines, writeFolder } from '../fixtures/mapping-folder.ts'

const READ = { id: 'read', operation: 'page', variables: { pageId: 'pg_1' } }
const base = { source: 'github', integration: 'ci', steps: [READ] }

t.test('a time, an order key or a hold of which every event would be dead is found when it is loaded', async t => {
  const lines = async (more: object) => {
    const folder = writeFolder(t, { 'm.json': { ...base, ...more } })
    return problemLines(await loadMappings(folder, CONTEXT), folder)
  }
  for (const key of ['runAt', 'expiresAfter']) {
    for (const wrong of ['soon', '10 minutes', '1h30m', '-5m', '2026-02-30', '${true}', '${[1]}'])
      t.match(
        await lines({ [key]: wrong }),
        [/expected an instant, or a duration such as 10m, found/],
        `${key} ${wrong}`,
      )
    for (const right of [
      '10m',
      '2026-02-28',
      '${5}',
      '${null}',
      '${payload.at}',
      '${payload.n}m',
      "${duration('90m')}",
    ])
      t.strictSame(await lines({ [key]: right }), [], `${key} ${right}`)
  }
  t.strictSame(await lines({ runAt: 'soon' }), [
    'm.json: /runAt: expected an instant, or a duration such as 10m, found "soon" (line 13, column 12)',
  ])
  for (const wrong of ['${null}', '${[1]}', "${''}", '${constants}'])
    t.match(await lines({ order: wrong }), [/\/order: expected a text that is not empty, a number or a bool/], wrong)
  for (const right of ['x', '${5}', '${true}', '${payload.x}', 'a-${payload.x}', '${constants.products}'])
    t.strictSame(await lines({ order: right }), [], right)
  t.match(await lines({ steps: [{ id: 'a', hold: '${[1]}' }] }), [
    /\/steps\/0\/hold: expected a text, a number or a bool/,
  ])
})

t.test('an expression that fails whatever comes is found when it is loaded', async t => {
  const lines = async (value: string, constants = CONTEXT.constants) => {
    const folder = writeFolder(t, { 'm.json': { ...base, vars: { a: value } } })
    return problemLines(await loadMappings(folder, { ...CONTEXT, constants }), folder)
  }
  for (const wrong of [
    "slugify('日本')",
    "date('2026-02-30')",
    '1 / 0',
    "parseJson('{')",
    '9007199254740993',
    "int('')",
  ])
    t.match(await lines(`\${${wrong}}`), [/^m.json: \/vars\/a: .*it always fails|found one that always fails/], wrong)
  t.match(await lines('${slugify(constants.name)}', { name: '日本' }), [/always fails: slugify: no letter/])
  t.strictSame(await lines('${slugify(constants.name)}', { name: 'a' }), [])
  t.strictSame(await lines('${false && 1 / 0 == 1}'), [])
  t.match(await lines('${optional.of(1)}'), [/expected default\(…, …\) or has\(…\), found "optional"/])
  t.strictSame(await lines('${[1].map(optional, optional)}'), [])
})

t.test('a number that would be rounded is an error, but not in a payload of a test', async t => {
  const event = '{ "type": "push", "payload": { "id": 9007199254740993 } }'
  const text = (vars: string) =>
    `{ "source": "github", "integration": "ci", "steps": [{ "id": "a", "hold": "x" }], "vars": ${vars},
      "tests": [{ "name": "t", "event": ${event}, "expect": { "matched": true } }] }`
  const folder = writeFolder(t, { 'm.json': text('{ "a": 9007199254740993, "b": 0.1, "c": 12 }') })
  t.strictSame(problemLines(await loadMappings(folder, CONTEXT), folder), [
    'm.json: /vars/a: expected a number that a 64-bit float holds, found 9007199254740993 (line 1, column 98; write it as text, in quotes)',
  ])
  const sound = writeFolder(t, { 'm.json': text('{}') })
  t.strictSame((await loadMappings(sound, CONTEXT)).problems, [])
})

t.test('mistakes of other languages, wrong calls and wrong names are told with what was expected', async t => {
  const line = async (more: object) => {
    const folder = writeFolder(t, { 'm.json': { ...base, ...more } })
    return problemLines(await loadMappings(folder, CONTEXT), folder)[0] ?? ''
  }
  const end = 'an operator, or the end of the expression'
  t.match(await line({ when: 'payload.a and payload.b' }), `expected ${end}, found "and"`)
  t.match(await line({ when: 'payload.a and payload.b' }), 'write "&&" for and')
  t.match(await line({ when: 'not payload.a' }), 'write "!" before what is not so')
  t.match(await line({ when: 'payload.a | payload.b' }), 'write "||" for or')
  t.match(await line({ order: '${slugify(5)}' }), 'expected slugify(string) or string.slugify(), found slugify(int)')
  t.match(await line({ order: "${startsWith('a', 'b')}" }), 'expected string.startsWith(string), found startsWith(')
  t.match(await line({ vars: { 'my-var': 1 } }), /found "my-var" \(line \d+, column 5/)
  const test = { nam: 'x', event: { type: 'x' }, expect: { match: true } }
  const folder = writeFolder(t, { 'm.json': { ...base, tests: [test] } })
  const lines = problemLines(await loadMappings(folder, CONTEXT), folder).join('\n')
  t.match(lines, 'expected one of name, event, answers, expect, found "nam"')
  t.match(lines, 'expected one of matched, held, operations, found "match"')
})

t.test('an object is read by a number where it has a member of that name', async t => {
  const lines = async (value: string) => {
    const folder = writeFolder(t, { 'm.json': { ...base, vars: { a: value } } })
    return problemLines(await loadMappings(folder, CONTEXT), folder)
  }
  for (const right of ["${{1: 'x'}[1]}", "${{'1': 'x'}[1]}", "${{true: 'x'}[true]}", "${{'5': 'x'}[payload.n]}"])
    t.strictSame(await lines(right), [], right)
  t.match(await lines("${{'a': 'x'}[1]}"), [/expected a text, found 1/])
})

t.test('a constant that may be missing is no mistake inside default and has', async t => {
  const lines = async (value: string) => {
    const folder = writeFolder(t, { 'm.json': { ...base, vars: { a: value } } })
    return problemLines(await loadMappings(folder, CONTEXT), folder)
  }
  t.strictSame(await lines("${default(constants.language, 'en')}"), [])
  t.strictSame(await lines('${has(constants.language)}'), [])
  t.match(await lines('${constants.language}'), [/expected one of constants.projectId, constants.products/])
  t.match(await lines("${default('x', constants.language)}"), [/found constants.language/])
  t.match(await lines("${default(constants.productz, 'en')}"), [/did you mean "products"/], 'a near name is told')
  t.match(await lines("${default(event.nope, 'en')}"), [/found event.nope/])
})
