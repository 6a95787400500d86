import { appendFileSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { type AnchorLine, appendAnchors, dropTornLine, openAnchors } from '../../src/audit/anchors.ts'
import { parseAuditKey } from '../../src/audit/audit-key.ts'
import { isSigned, NO_CHECKPOINT, type SignedCheckpoint, signCheckpoint } from '../../src/audit/checkpoint.ts'

const key = parseAuditKey('A'.repeat(43))!
const sign = (seq: number): SignedCheckpoint =>
  signCheckpoint({ seq, at: 1_800_000_000_000, epoch: 1, hash: 'ab'.repeat(32), previous: NO_CHECKPOINT }, key)

function fileOf(t: Test): string {
  return join(t.testdir({}), 'anchors.ndjson')
}
async function readAll(lines: AsyncIterable<AnchorLine>): Promise<AnchorLine[]> {
  const all: AnchorLine[] = []
  for await (const line of lines) all.push(line)
  return all
}
async function read(file: string): Promise<AnchorLine[]> {
  return readAll(await openAnchors(file))
}

t.test('checkpoints are read as they were written', async t => {
  const file = fileOf(t)
  t.same(await read(file), [], 'no file, no lines')
  await appendAnchors(file, [sign(1), sign(2)])
  await appendAnchors(file, [sign(3)])
  t.same(
    await read(file),
    [1, 2, 3].map(seq => ({ line: seq, checkpoint: sign(seq) })),
  )
  t.equal(statSync(file).mode & 0o777, 0o600)
})

t.test('a line that was cut off is left out, and taken away before the next one', async t => {
  const file = fileOf(t)
  await appendAnchors(file, [sign(1)])
  const whole = readFileSync(file, 'utf8')
  appendFileSync(file, whole.slice(0, 50))
  t.equal((await read(file)).length, 1)
  await dropTornLine(file)
  t.equal(readFileSync(file, 'utf8'), whole)
  await dropTornLine(file)
  t.equal(readFileSync(file, 'utf8'), whole, 'a whole line stays')
  writeFileSync(file, '{"seq":1')
  await dropTornLine(file)
  t.equal(readFileSync(file, 'utf8'), '')
})

t.test('what is appended while it is read is not read', async t => {
  const file = fileOf(t)
  await appendAnchors(file, [sign(1)])
  const lines = await openAnchors(file)
  await appendAnchors(file, [sign(2)])
  t.equal((await readAll(lines)).length, 1)
})

t.test('a line in any other spelling is no checkpoint', async t => {
  const file = fileOf(t)
  const line = JSON.stringify(sign(1))
  const others = [
    '',
    'null',
    '[]',
    'no json',
    `${line} `,
    line.replace('"seq":1', '"seq":1.5'),
    line.replace('"seq":1', '"seq":"1"'),
    line.replace('{', '{"more":1,'),
    line.replace('"epoch":1,', ''),
    'x'.repeat(3_000),
  ]
  writeFileSync(file, `${others.join('\n')}\n`)
  const lines = await read(file)
  t.equal(lines.length, others.length)
  t.ok(lines.every(({ checkpoint }) => checkpoint === null))
})

t.test('a signature is of one key, one purpose and every value', async t => {
  const signed = sign(7)
  t.ok(isSigned(signed))
  const other = parseAuditKey(`${'B'.repeat(42)}A`)!
  for (const change of [
    { seq: 8 },
    { at: 1 },
    { epoch: 2 },
    { hash: 'cd'.repeat(32) },
    { previous: 'ab'.repeat(32) },
    { publicKey: other.publicKey },
    { publicKey: '' },
    { publicKey: `${signed.publicKey}=` },
    { signature: '' },
    { signature: `${signed.signature}=` },
    { signature: sign(8).signature },
  ])
    t.notOk(isSigned({ ...signed, ...change }), JSON.stringify(change))
})
