import { z } from 'zod'
import { cliError, EXIT } from './exit.ts'
import { readInput } from './read-input.ts'

/** A delivery in a file: what a sender sent, byte for byte. */
export interface Capture {
  method: string
  /** The event type, where it stands in the URL. */
  type: string | null
  /** Without the `?`. */
  query: string
  /** In order, a repeated one as often as it came. */
  headers: readonly (readonly [string, string])[]
  body: Buffer
}

const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/
const name = z.string().regex(TOKEN, { error: 'the name of a header' })
// what Node sends as one line; latin1, as it reads them
const value = z.string().regex(/^[\t\x20-\x7e\x80-\xff]*$/, { error: 'the value of a header on one line' })
const captureFile = z.strictObject({
  method: z.string({ error: 'a method' }).regex(TOKEN, { error: 'a method' }).default('POST'),
  type: z
    .string({ error: 'an event type' })
    .regex(/^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$/, { error: 'an event type' })
    .nullable()
    .default(null),
  query: z
    .string({ error: 'a query without "?"' })
    .regex(/^[\x21-\x7e]*$/, { error: 'a query without "?"' })
    .default(''),
  headers: z.union([z.array(z.tuple([name, value])), z.record(name, value).transform(Object.entries<string>)], {
    error: 'an object of headers, or a list of [name, value]',
  }),
  body: z.string({ error: 'a text' }).optional(),
  bodyBase64: z.base64({ error: 'a text in base64' }).optional(),
})

/** Reads a captured delivery, or ends the command with what is wrong with the file: exit code 2. */
export function readCapture(file: string): Capture {
  const bytes = readInput(file)
  let json: unknown
  try {
    json = JSON.parse(bytes.toString('utf8'))
  } catch {
    throw cliError(EXIT.usage, `${file}: expected JSON, found something else`)
  }
  const parsed = captureFile.safeParse(json)
  if (!parsed.success) {
    const { path, message, code } = parsed.error.issues[0]!
    const expected =
      code === 'unrecognized_keys' ? `no other keys than ${Object.keys(captureFile.shape).join(', ')}` : message
    throw cliError(EXIT.usage, `${file}: /${path.join('/')}: expected ${expected}`)
  }
  const { body, bodyBase64, ...capture } = parsed.data
  if (body !== undefined && bodyBase64 !== undefined)
    throw cliError(EXIT.usage, `${file}: expected one of body and bodyBase64, found both`)
  return { ...capture, body: bodyBase64 === undefined ? Buffer.from(body ?? '') : Buffer.from(bodyBase64, 'base64') }
}

/** Writes a captured delivery as JSON: its body as text where it is UTF-8. */
export function formatCapture({ body, ...capture }: Capture): string {
  const text = new TextDecoder('utf-8', { ignoreBOM: true })
  const written = Buffer.from(text.decode(body)).equals(body)
    ? { body: body.toString('utf8') }
    : { bodyBase64: body.toString('base64') }
  return `${JSON.stringify({ ...capture, ...written }, null, 2)}\n`
}
