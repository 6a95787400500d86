import type { SourceConfig } from '../config/read-source.ts'
import { REDACTED } from '../source/redact-headers.ts'
import { compileScheme } from '../verify/compile-scheme.ts'
import { signDelivery } from '../verify/sign-delivery.ts'
import { type Capture, readCapture } from './capture.ts'
import { findTarget, tellAnswer } from './send.ts'
import { sendRaw } from './send-raw.ts'

interface CaptureOptions {
  capture: string
  sign?: boolean
  url?: string
  json?: boolean
  config?: string
}

/** Sends a captured delivery byte for byte, or with a new signature; prints what was answered. */
export async function sendCapture(sourceName: string, options: CaptureOptions): Promise<number> {
  const { source, base } = findTarget(sourceName, options)
  const read = readCapture(options.capture)
  const capture = options.sign === true ? signAnew(source, read) : read
  if (capture.headers.some(([, value]) => value === REDACTED) || capture.query.includes(REDACTED))
    process.stderr.write('credentials are struck out of this capture: --sign puts those of the source in\n')
  const path = capture.type === null ? '' : `/${capture.type}`
  const query = capture.query === '' ? '' : `?${capture.query}`
  const { status, text } = await sendRaw(base + path + query, capture)
  return tellAnswer(status, text, options.json)
}

/** What the proof of its sender consisted of is replaced; all else stays as it was captured. */
function signAnew({ definition, settings, secrets }: SourceConfig, capture: Capture): Capture {
  const scheme = compileScheme(definition, { ...settings, secrets })
  const headers = Object.fromEntries(capture.headers.map(([name, value]) => [name.toLowerCase(), value]))
  const signable = { body: capture.body, method: capture.method, headers }
  const signed = signDelivery(scheme, signable, secrets[0]?.value ?? '', Date.now())
  const replaced = new Set(Object.keys(signed.headers).map(name => name.toLowerCase()))
  const parameters = new Set(signed.query.split('&').map(nameOf))
  const kept = capture.query.split('&').filter(pair => pair !== '' && !parameters.has(nameOf(pair)))
  return {
    ...capture,
    headers: [
      ...capture.headers.filter(([name]) => !replaced.has(name.toLowerCase())),
      ...Object.entries(signed.headers),
    ],
    query: [...kept, ...(signed.query === '' ? [] : [signed.query])].join('&'),
    body: signed.body,
  }
}

function nameOf(pair: string): string {
  return pair.split('=', 1)[0]!
}
