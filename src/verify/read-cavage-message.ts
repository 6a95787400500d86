import type { DeliveryHead } from './delivery.ts'
import { readComponent } from './message-component.ts'
import type { MessageAlgorithm } from './message-settings.ts'
import { HEADER_BYTES_MAX, readHeaders } from './read-headers.ts'
import { readSeconds, type SignedMessage } from './read-signed-message.ts'
import type { MessageDefinition } from './scheme-definition.ts'
import { makeDecoder } from './signature-syntax.ts'
import { type Refused, refuse } from './verification.ts'

/** How the draft calls the algorithms; `hs2019` says nothing, and is no promise of anything. */
const NAMES: Readonly<Record<MessageAlgorithm, string>> = {
  'hmac-sha256': 'hmac-sha256',
  'rsa-pss-sha512': 'rsa-pss-sha512',
  'rsa-v1_5-sha256': 'rsa-sha256',
  'ecdsa-p256-sha256': 'ecdsa-sha256',
  'ecdsa-p384-sha384': 'ecdsa-sha384',
  ed25519: 'ed25519',
}
const PARAMETERS: ReadonlySet<string> = new Set(['keyId', 'algorithm', 'headers', 'signature', 'created', 'expires'])
const PARAMETER = /([A-Za-z]{1,20})=(?:"([\x20\x21\x23-\x5b\x5d-\x7e]*)"|([0-9]{1,11}))(?:,|$)/y
const COMPONENTS_MAX = 32
const decodeSignature = makeDecoder(null, 'base64')
const HTTP_DATE =
  /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), [0-3][0-9] (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) [0-9]{4} [0-2][0-9]:[0-5][0-9]:[0-5][0-9] GMT$/

/** Reads the `Signature` header of draft-cavage-http-signatures-12 and puts together what must have been signed. */
export function readCavageMessage(
  definition: MessageDefinition,
  head: DeliveryHead,
  url: URL | null,
): SignedMessage | Refused {
  const headers = readHeaders(head.rawHeaders, ['signature', 'date'])
  if (headers === null) return refuse('signature_ambiguous')
  const [text, date] = headers
  if (!text) return refuse('signature_missing')
  const parameters = readParameters(text)
  if (parameters === null) return refuse('signature_malformed')
  const signature = decodeSignature(String(parameters.get('signature') ?? ''))
  const algorithm = parameters.get('algorithm')
  const isRight = algorithm === undefined || algorithm === 'hs2019' || algorithm === NAMES[definition.algorithm]
  const covered = String(parameters.get('headers') ?? 'date').split(' ')
  if (signature === null || !isRight || new Set(covered).size !== covered.length || covered.length > COMPONENTS_MAX)
    return refuse('signature_malformed')

  const lines: string[] = []
  for (const name of covered) {
    const value =
      name === '(created)' || name === '(expires)'
        ? (parameters.get(name.slice(1, -1)) ?? null)
        : name.startsWith('@')
          ? null
          : readComponent(name, '', head, url)
    if (value === null) return refuse('signature_malformed')
    lines.push(`${name}: ${value}`)
  }
  const createdAt = covered.includes('(created)')
    ? readSeconds(parameters.get('created'))
    : covered.includes('date')
      ? readHttpDate(date)
      : null
  const expiresAt = covered.includes('(expires)') ? readSeconds(parameters.get('expires')) : null
  if (createdAt === undefined || expiresAt === undefined) return refuse('timestamp_malformed')
  return { content: Buffer.from(lines.join('\n'), 'latin1'), signature, covered, createdAt, expiresAt }
}

function readParameters(text: string): ReadonlyMap<string, string | number> | null {
  if (text.length > HEADER_BYTES_MAX) return null
  const parameters = new Map<string, string | number>()
  for (let at = 0; at < text.length; at = PARAMETER.lastIndex) {
    PARAMETER.lastIndex = at
    const match = PARAMETER.exec(text)
    if (match === null) return null
    const [, name, string, digits] = match
    if (!PARAMETERS.has(name!) || parameters.has(name!)) return null
    parameters.set(name!, string ?? Number(digits))
  }
  return text.endsWith(',') ? null : parameters
}

/** RFC 9110 5.6.7, the one form that may be sent; as epoch ms, undefined where it is none. */
function readHttpDate(text: string | undefined): number | undefined {
  if (text === undefined || !HTTP_DATE.test(text)) return undefined
  const at = Date.parse(text)
  // a day that does not exist, or the wrong name of one, is read as another
  return new Date(at).toUTCString() === text ? at : undefined
}
