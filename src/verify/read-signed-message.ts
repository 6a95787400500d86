import type { DeliveryHead } from './delivery.ts'
import { readComponent } from './message-component.ts'
import { readHeaders } from './read-headers.ts'
import type { MessageDefinition } from './scheme-definition.ts'
import { readSignatureInputs, readSignatures, type SignatureInput } from './signature-input.ts'
import { makeDecoder } from './signature-syntax.ts'
import { type Refused, refuse } from './verification.ts'

/** What a sender signed, and the signature, before any key is looked at. */
export interface SignedMessage {
  content: Buffer
  signature: Buffer
  /** Names of what is signed. */
  covered: readonly string[]
  /** Epoch ms; null where it is not signed. */
  createdAt: number | null
  expiresAt: number | null
}

/** Longest header of signatures that is looked at, in characters: an RSA signature of 4096 bits has 700. */
const HEADER_CHARS_MAX = 8_192
const decodeSignature = makeDecoder(null, 'base64')

/** Reads `Signature-Input` and `Signature` (RFC 9421) and puts together what must have been signed. */
export function readSignedMessage(
  definition: MessageDefinition,
  head: DeliveryHead,
  url: URL | null,
): SignedMessage | Refused {
  const headers = readHeaders(head.rawHeaders, ['signature-input', 'signature'])
  if (headers === null) return refuse('signature_ambiguous')
  const [inputHeader, signatureHeader] = headers
  if (!inputHeader || !signatureHeader) return refuse('signature_missing')
  if (inputHeader.length > HEADER_CHARS_MAX || signatureHeader.length > HEADER_CHARS_MAX)
    return refuse('signature_malformed')
  const inputs = readSignatureInputs(inputHeader)
  const signatures = readSignatures(signatureHeader)
  if (inputs === null || signatures === null) return refuse('signature_malformed')
  const chosen = inputs.filter(input => isMeant(input, definition))
  if (chosen.length > 1) return refuse('signature_ambiguous')
  const input = chosen[0]
  const signature = decodeSignature(signatures.get(input?.label ?? '') ?? '')
  if (input === undefined || signature === null) return refuse('signature_missing')
  const alg = input.parameters.get('alg')
  if (alg !== undefined && alg !== definition.algorithm) return refuse('signature_malformed')
  return fillMessage(input, signature, head, url)
}

function isMeant({ label, parameters }: SignatureInput, definition: MessageDefinition): boolean {
  if (definition.label !== undefined && definition.label !== label) return false
  return definition.tag === undefined || definition.tag === parameters.get('tag')
}

function fillMessage(
  { components, parameters, text }: SignatureInput,
  signature: Buffer,
  head: DeliveryHead,
  url: URL | null,
): SignedMessage | Refused {
  const lines: string[] = []
  for (const { name, parameters } of components) {
    const value = readComponent(name, parameters, head, url)
    if (value === null) return refuse('signature_malformed')
    lines.push(`"${name}"${parameters}: ${value}`)
  }
  lines.push(`"@signature-params": ${text}`)
  const createdAt = readSeconds(parameters.get('created'))
  const expiresAt = readSeconds(parameters.get('expires'))
  if (createdAt === undefined || expiresAt === undefined) return refuse('timestamp_malformed')
  // a component with parameters covers a part of what its name says
  const covered = components.filter(({ parameters }) => parameters === '').map(({ name }) => name)
  // Node gives header values as latin1: these are the bytes that came
  return { content: Buffer.from(lines.join('\n'), 'latin1'), signature, covered, createdAt, expiresAt }
}

/** Whole seconds as epoch ms; null where they are absent, undefined where they are none. */
export function readSeconds(value: unknown): number | null | undefined {
  if (value === undefined) return null
  return typeof value === 'number' && value > 0 && value < 1e11 ? value * 1_000 : undefined
}
