import { hash, timingSafeEqual } from 'node:crypto'
import { BridgeError } from '../errors.ts'
import type { DeliveryHead } from './delivery.ts'
import { isBlank, matchSecrets } from './match-secrets.ts'
import { readUnprovenJson, textAt } from './read-body-value.ts'
import { HEADER_BYTES_MAX, readHeaders } from './read-headers.ts'
import { readParameter } from './read-parameter.ts'
import type { BodyScheme, HeadScheme, Secret } from './scheme.ts'
import type { BodyTokenDefinition, HeaderDefinition, QueryTokenDefinition } from './scheme-definition.ts'
import { setAt } from './set-at.ts'
import { decodeBase64 } from './signature-syntax.ts'
import { refuse, type Verification } from './verification.ts'

/** How a static credential travels in one header. */
interface Carrier {
  kind: string
  header: string
  /** The credential as bytes, null where the value is not of this carrier. */
  read: (value: string) => Buffer | null
  write: (secret: string) => string
}

/** Compiles `Authorization: Bearer <token>` (RFC 6750). The word is case-insensitive, the token is compared byte for byte. */
export function compileBearer(): HeadScheme {
  return compileStatic({
    kind: 'bearer',
    header: 'authorization',
    read: value => readAuthorization(value, 'bearer'),
    write: secret => `Bearer ${secret}`,
  })
}

/** Compiles a static secret in a named header, after an optional prefix. */
export function compileHeader({ header, prefix }: HeaderDefinition): HeadScheme {
  return compileStatic({
    kind: 'header',
    header: header.toLowerCase(),
    read: value => (value.startsWith(prefix) ? Buffer.from(value.slice(prefix.length), 'latin1') : null),
    write: secret => `${prefix}${secret}`,
  })
}

/**
 * Compiles HTTP basic authentication (RFC 7617). `user:password` is compared whole: a user name cannot hold a colon,
 * so that is the same as splitting at the first one, and a password may hold as many as it likes.
 */
export function compileBasic(): HeadScheme {
  return compileStatic({
    kind: 'basic',
    header: 'authorization',
    read: value => {
      const text = readAuthorization(value, 'basic')?.toString('latin1')
      return text === undefined || text.length % 4 !== 0 ? null : decodeBase64(text)
    },
    write: secret => `Basic ${Buffer.from(secret).toString('base64')}`,
  })
}

/** Compiles a static token in a query parameter, which must come exactly once. */
export function compileQueryToken({ parameter }: QueryTokenDefinition): HeadScheme {
  const verifyHead = (head: DeliveryHead, secrets: readonly Secret[], now: number): Verification => {
    const values = readParameter(head.query, parameter)
    if (values.length > 1) return refuse('signature_ambiguous')
    const value = values[0]
    if (value === undefined || value === '') return refuse('credentials_missing')
    if (value === null) return refuse('credentials_mismatch')
    return compareCredential(Buffer.from(value), secrets, now)
  }
  const sign = (_: unknown, secret: string): Record<string, string> => {
    if (isBlank(secret)) throw new BridgeError('config_invalid', 'the secret is empty')
    return {}
  }
  return {
    kind: 'query-token',
    headersOnly: true,
    bindsBody: false,
    unsigned: false,
    verify: verifyHead,
    verifyHead,
    sign,
    signWhole: (delivery, secret) => ({
      headers: sign(delivery, secret),
      body: delivery.body,
      query: `${parameter}=${encodeURIComponent(secret)}`,
    }),
  }
}

/** Compiles a static secret in a field of the JSON body; the body is parsed before it is authentic. */
export function compileBodyToken({ field }: BodyTokenDefinition): BodyScheme {
  const path = field.split('.')
  return {
    kind: 'body-token',
    headersOnly: false,
    bindsBody: false,
    unsigned: false,
    verify: ({ body }, secrets, now) => {
      const json = readUnprovenJson(body)
      const credential = json === undefined ? null : textAt(json, path)
      if (credential === null) return refuse('credentials_missing')
      return compareCredential(Buffer.from(credential), secrets, now)
    },
    sign: () => ({}),
    signWhole: ({ body }, secret) => {
      if (isBlank(secret)) throw new BridgeError('config_invalid', 'the secret is empty')
      const json = readUnprovenJson(body)
      if (json === undefined)
        throw new BridgeError('config_invalid', 'the delivery needs a JSON body to hold its secret')
      setAt(json, path, secret)
      return { headers: {}, body: Buffer.from(JSON.stringify(json)), query: '' }
    },
  }
}

function compileStatic(carrier: Carrier): HeadScheme {
  const names = [carrier.header]
  const verifyHead = (head: DeliveryHead, secrets: readonly Secret[], now: number) =>
    verifyStatic(carrier, names, head, secrets, now)
  return {
    kind: carrier.kind,
    headersOnly: true,
    bindsBody: false,
    unsigned: false,
    verify: verifyHead,
    verifyHead,
    sign: (_, secret) => {
      if (isBlank(secret)) throw new BridgeError('config_invalid', 'the secret is empty')
      return { [carrier.header]: carrier.write(secret) }
    },
  }
}

function verifyStatic(
  carrier: Carrier,
  names: readonly string[],
  head: DeliveryHead,
  secrets: readonly Secret[],
  now: number,
): Verification {
  const headers = readHeaders(head.rawHeaders, names)
  if (headers === null) return refuse('signature_ambiguous')
  const value = headers[0]
  if (value === undefined || value === '') return refuse('credentials_missing')
  if (value.length > HEADER_BYTES_MAX) return refuse('credentials_mismatch')
  const credential = carrier.read(value)
  if (credential === null) return refuse('credentials_mismatch')
  return compareCredential(credential, secrets, now)
}

function compareCredential(credential: Buffer, secrets: readonly Secret[], now: number): Verification {
  // Digests have one length whatever the texts have, so not even the length of a secret shows.
  const digest = hash('sha256', credential, 'buffer')
  const match = matchSecrets(secrets, now, secret => timingSafeEqual(hash('sha256', secret, 'buffer'), digest))
  if (match === null) return refuse('credentials_mismatch')
  if (match.expired) return refuse('secret_expired')
  return { ok: true, secretIndex: match.index, signedAt: null, replayKey: null }
}

/** The part after the scheme's name, as the bytes that came (Node decodes header values as latin1). */
function readAuthorization(value: string, scheme: string): Buffer | null {
  const start = scheme.length + 1
  if (value.length <= start || value[scheme.length] !== ' ') return null
  if (value.slice(0, scheme.length).toLowerCase() !== scheme) return null
  return Buffer.from(value.slice(start), 'latin1')
}
