import t from 'tap'
import { followVerification, type VerificationLine } from '../../src/audit/follow-verification.ts'
import { BridgeError } from '../../src/errors.ts'

const readAll = async <V>(lines: AsyncIterable<VerificationLine<V>>): Promise<VerificationLine<V>[]> => {
  const read: VerificationLine<V>[] = []
  for await (const line of lines) read.push(line)
  return read
}
const fail = (): never => t.fail('nothing was to go wrong') as never

t.test('how far it has come is told until the verdict is', async t => {
  let end = (_: string): void => {}
  const lines = followVerification<string>(
    onProgress => {
      onProgress(500)
      return new Promise(resolve => {
        end = resolve
      })
    },
    { everyMs: 1, onFailed: fail },
  )
  t.strictSame((await lines.next()).value, { kind: 'progress', seq: 500 })
  end('whole')
  t.strictSame((await readAll(lines)).at(-1), { kind: 'verdict', verdict: 'whole' })
})

t.test('what goes wrong is the last line: in words of ours, or logged and not shown', async t => {
  const stopping = Promise.reject(new BridgeError('shutting_down', 'The bridge is shutting down'))
  t.strictSame(await readAll(followVerification(() => stopping, { onFailed: fail })), [
    { kind: 'error', code: 'shutting_down', message: 'The bridge is shutting down' },
  ])
  const failures: unknown[] = []
  const broken = new Error('canary')
  const lines = await readAll(
    followVerification(() => Promise.reject(broken), { onFailed: error => void failures.push(error) }),
  )
  t.match(lines, [{ kind: 'error', code: 'internal' }])
  t.notMatch(JSON.stringify(lines), 'canary')
  t.strictSame(failures, [broken])
})
