import { isAscii, isUtf8 } from 'node:buffer'
import { parseForm } from './parse-form.ts'
import { parseJsonText } from './parse-json-text.ts'
import { type FormFields, parseMultipart } from './parse-multipart.ts'

export type PayloadRefusal =
  | 'malformed_json'
  | 'malformed_form'
  | 'too_deep'
  | 'too_many_values'
  | 'invalid_utf8'
  | 'invalid_text'
  | 'empty_body'
  | 'unsupported_charset'

export type ParsedPayload =
  | { ok: true; payload: unknown; lossy: readonly string[] | null }
  | { ok: false; reason: PayloadRefusal; message: string }

/** Where a form (url-encoded or multipart) keeps the payload: as JSON in the field `payload` (GitHub), or flat in its fields. */
export type PayloadForm = 'payload-field' | 'fields' | null

/** Texts above this are scanned before they are parsed: 25 MB of `[` would take 700 MB as arrays. */
const PRESCAN_BYTES = 1_048_576
/**
 * Most values (elements, members) of a large payload. An empty list takes 56 bytes of heap for 3 of the body, and V8 ends
 * the process, not the thread, where JSON.parse meets the limit of a thread's heap.
 */
export const PAYLOAD_VALUES_MAX = 1_000_000

/**
 * Turns an authentic body into the payload mappings see.
 * `body` raw bytes; `query` raw, without `?`; `form` says how a form-encoded body is read (null: it is not).
 * An empty body gives the query as an object (GET deliveries), or `empty_body` when there is no query either.
 * `lossy` lists JSON pointers of numbers that lost precision (semantics.md 2), null when there are none.
 * Nothing is replaced silently: invalid UTF-8 and lone surrogates are refused; messages never quote the input.
 */
export function parsePayload(
  body: Buffer,
  contentType: string | null,
  query: string,
  limits: { depthMax: number },
  form: PayloadForm,
): ParsedPayload {
  if (body.length === 0) return parseQuery(query)
  if (!isCharsetReadable(body, contentType)) {
    return { ok: false, reason: 'unsupported_charset', message: 'the charset of the content type is not UTF-8' }
  }
  // a file in a form is no text
  if (form !== null && isMultipart(contentType)) return parseMultipartBody(body, contentType, limits.depthMax, form)
  if (!isUtf8(body)) return { ok: false, reason: 'invalid_utf8', message: 'the body is not valid UTF-8' }
  if (form !== null && isFormType(contentType)) return parseFormBody(body.toString('utf8'), limits.depthMax, form)
  return parseText(withoutBom(body), limits.depthMax)
}

function parseText(json: Buffer, depthMax: number): ParsedPayload {
  const refused = json.length > PRESCAN_BYTES ? prescan(json, depthMax) : null
  if (refused !== null) return refused
  const parsed = parseJsonText(json.toString('utf8'), depthMax)
  return parsed.ok ? { ok: true, payload: parsed.value, lossy: parsed.lossy } : parsed
}

function parseQuery(query: string): ParsedPayload {
  if (query === '') return { ok: false, reason: 'empty_body', message: 'the body is empty' }
  const parsed = parseForm(query)
  if (!parsed.ok) return { ok: false, reason: 'invalid_utf8', message: 'the query is not valid UTF-8' }
  return { ok: true, payload: parsed.fields, lossy: null }
}

function parseFormBody(text: string, depthMax: number, form: 'payload-field' | 'fields'): ParsedPayload {
  const parsed = parseForm(text)
  if (!parsed.ok) return { ok: false, reason: 'invalid_utf8', message: 'a form field is not valid UTF-8' }
  return readFields(parsed.fields, depthMax, form)
}

function parseMultipartBody(
  body: Buffer,
  contentType: string,
  depthMax: number,
  form: 'payload-field' | 'fields',
): ParsedPayload {
  const parsed = parseMultipart(body, contentType)
  return parsed.ok ? readFields(parsed.fields, depthMax, form) : parsed
}

function readFields(fields: FormFields, depthMax: number, form: 'payload-field' | 'fields'): ParsedPayload {
  if (form === 'fields') return { ok: true, payload: fields, lossy: null }
  const field = Object.hasOwn(fields, 'payload') ? fields.payload : undefined
  if (typeof field === 'string') return parseText(Buffer.from(field), depthMax)
  if (field === undefined) return { ok: false, reason: 'malformed_json', message: 'the form has no field "payload"' }
  const what = Array.isArray(field) ? 'repeated' : 'a file'
  return { ok: false, reason: 'malformed_json', message: `the form field "payload" is ${what}` }
}

function isFormType(contentType: string | null): boolean {
  return contentType !== null && /^\s*application\/x-www-form-urlencoded\s*(?:;|$)/i.test(contentType)
}

function isMultipart(contentType: string | null): contentType is string {
  return contentType !== null && /^\s*multipart\/form-data\s*(?:;|$)/i.test(contentType)
}

/** UTF-8 and its subset ASCII; an ASCII-compatible charset is fine as long as every byte is ASCII. */
function isCharsetReadable(body: Buffer, contentType: string | null): boolean {
  const charset = contentType === null ? undefined : /;\s*charset\s*=\s*"?([^";\s]+)/i.exec(contentType)?.[1]
  if (charset === undefined || /^(?:utf-?8|us-ascii|ascii)$/i.test(charset)) return true
  return /^(?:iso-8859-\d{1,2}|windows-125\d|latin1)$/i.test(charset) && isAscii(body)
}

function withoutBom(body: Buffer): Buffer {
  return body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf ? body.subarray(3) : body
}

/** Counts nesting and values outside strings; right for valid JSON, and JSON.parse refuses the rest afterwards. */
function prescan(json: Buffer, depthMax: number): ParsedPayload | null {
  let depth = 0
  let values = 1
  for (let i = 0; i < json.length; i++) {
    const byte = json[i]
    if (byte === 0x22) i = endOfString(json, i)
    else if (byte === 0x7d || byte === 0x5d) depth--
    else if (byte === 0x7b || byte === 0x5b || byte === 0x2c) {
      if (byte !== 0x2c && ++depth > depthMax)
        return { ok: false, reason: 'too_deep', message: `more than ${depthMax} levels of nested brackets` }
      if (++values > PAYLOAD_VALUES_MAX)
        return { ok: false, reason: 'too_many_values', message: `more than ${PAYLOAD_VALUES_MAX} values` }
    }
  }
  return null
}

/** Index of the quote that ends the string starting at `start`, or the last index where none does. */
function endOfString(body: Buffer, start: number): number {
  for (let i = start + 1; i < body.length; i++) {
    if (body[i] === 0x5c) i++
    else if (body[i] === 0x22) return i
  }
  return body.length
}
