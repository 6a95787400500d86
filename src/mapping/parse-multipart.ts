import { isUtf8 } from 'node:buffer'
import { addField } from './parse-form.ts'

/** What is known of a file in a form; its bytes stay in the body. */
export interface FormFile {
  fileName: string
  contentType: string | null
  bytes: number
}

type FormValue = string | FormFile
export type FormFields = Record<string, FormValue | FormValue[]>
export type ParsedMultipart =
  | { ok: true; fields: FormFields }
  | { ok: false; reason: 'malformed_form' | 'invalid_utf8'; message: string }

/** Most parts of a form, fields and files. Jotform sends about 30, with all answers in one of them. */
export const FORM_PARTS_MAX = 1_000
/** Longest head of a part, in bytes: a name, a file name, a type. */
const PART_HEAD_BYTES_MAX = 8_192
const LINE_END = '\r\n'
const HEAD_END = '\r\n\r\n'
/** RFC 2046 5.1.1: 1 to 70 characters, the last of which is no space. */
const BOUNDARY =
  /;\s*boundary=(?:"([0-9A-Za-z'()+_,./:=? -]{0,69}[0-9A-Za-z'()+_,./:=?-])"|([0-9A-Za-z'+_.-]{1,70}))\s*(?:;|$)/i
const DISPOSITION = /^form-data((?:;[ \t]*[a-z*]+=(?:"(?:[^"\\]|\\.)*"|[^\s";]+))*)$/i
const PARAMETER = /;[ \t]*([a-z*]+)=(?:"((?:[^"\\]|\\.)*)"|([^\s";]+))/gi
/** Encodings that leave the bytes as they are; others are deprecated in forms (RFC 7578 4.7). */
const PLAIN_ENCODING = /^(?:7bit|8bit|binary)$/i
const FOREIGN_CHARSET = /;\s*charset\s*=\s*"?(?!(?:utf-?8|us-ascii)"?\s*(?:;|$))/i

/**
 * Reads a `multipart/form-data` body (RFC 7578) into an object like that of an url-encoded form: text by name, an array where
 * a name is repeated. A file is named, measured and not read. Strict: nothing before the first part or after the last one,
 * every part closed and named once, text in UTF-8. Messages never quote the input.
 */
export function parseMultipart(body: Buffer, contentType: string): ParsedMultipart {
  const match = BOUNDARY.exec(contentType)
  const boundary = match?.[1] ?? match?.[2]
  // of two, another reader might take the other one
  const isOnlyOne = contentType.split(/;\s*boundary\s*=/i).length === 2
  if (boundary === undefined || !isOnlyOne) return malformed('the content type does not say one boundary')
  const parts = splitParts(body, Buffer.from(`--${boundary}`))
  if (parts === null) return malformed('the parts of the form are not closed by their boundary')
  if (parts.length > FORM_PARTS_MAX) return malformed(`the form has more than ${FORM_PARTS_MAX} parts`)
  const fields: FormFields = {}
  for (const part of parts) {
    const field = readPart(part)
    if (field === null) return malformed('a part of the form has no name, or a head that cannot be read')
    if (field.value === null) return { ok: false, reason: 'invalid_utf8', message: 'a form field is not valid UTF-8' }
    addField<FormValue>(fields, field.name, field.value)
  }
  return { ok: true, fields }
}

function malformed(message: string): ParsedMultipart {
  return { ok: false, reason: 'malformed_form', message }
}

/** The parts between the boundaries, one more than is allowed at most; null where the body is not made of them. */
function splitParts(body: Buffer, delimiter: Buffer): readonly Buffer[] | null {
  if (!body.subarray(0, delimiter.length).equals(delimiter)) return null
  const next = Buffer.concat([Buffer.from(LINE_END), delimiter])
  const parts: Buffer[] = []
  let at = delimiter.length
  while (parts.length <= FORM_PARTS_MAX) {
    const after = body.toString('latin1', at, at + LINE_END.length)
    if (after === '--') return ['', LINE_END].includes(body.toString('latin1', at + 2)) ? parts : null
    const end = body.indexOf(next, at)
    if (after !== LINE_END || end === -1) return null
    parts.push(body.subarray(at + LINE_END.length, end))
    at = end + next.length
  }
  return parts
}

interface Field {
  name: string
  /** Null = not UTF-8. */
  value: FormValue | null
}

function readPart(part: Buffer): Field | null {
  const end = part.subarray(0, PART_HEAD_BYTES_MAX).indexOf(HEAD_END)
  if (end === -1 || !isUtf8(part.subarray(0, end))) return null
  const headers = readPartHeaders(part.toString('utf8', 0, end))
  if (headers === null) return null
  const parameters = readDisposition(headers.get('content-disposition'))
  const name = parameters?.get('name')
  if (name === undefined || !PLAIN_ENCODING.test(headers.get('content-transfer-encoding') ?? 'binary')) return null
  const value = part.subarray(end + HEAD_END.length)
  const contentType = headers.get('content-type') ?? null
  const fileName = parameters?.get('filename') ?? parameters?.get('filename*')
  if (fileName !== undefined) return { name, value: { fileName, contentType, bytes: value.length } }
  const isText = isUtf8(value) && !FOREIGN_CHARSET.test(contentType ?? '')
  return { name, value: isText ? value.toString('utf8') : null }
}

/** The headers of a part by lower-case name; null where one is folded, repeated or none. */
function readPartHeaders(text: string): ReadonlyMap<string, string> | null {
  const headers = new Map<string, string>()
  for (const line of text.split(LINE_END)) {
    const match = /^([A-Za-z0-9-]{1,64}):[ \t]*([^\r\n]*)$/.exec(line)
    const name = match?.[1]?.toLowerCase()
    if (name === undefined || headers.has(name)) return null
    headers.set(name, match![2]!.trimEnd())
  }
  return headers
}

/** Browsers escape a quote and line ends in percent (WHATWG HTML 4.10.21.8), older senders with a backslash. */
function unquote(text: string): string {
  return text.replace(
    /\\(["\\])|%(22|0D|0A)/gi,
    (_, escaped, hex) => escaped ?? String.fromCharCode(Number(`0x${hex}`)),
  )
}

function readDisposition(text: string | undefined): ReadonlyMap<string, string> | null {
  const match = text === undefined ? null : DISPOSITION.exec(text)
  if (match === null) return null
  const pairs = [...match[1]!.matchAll(PARAMETER)].map(([, name, quoted, bare]): [string, string] => [
    name!.toLowerCase(),
    quoted === undefined ? bare! : unquote(quoted),
  ])
  const parameters = new Map(pairs)
  return parameters.size === pairs.length ? parameters : null
}
