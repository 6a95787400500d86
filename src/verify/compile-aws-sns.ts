import { createHash, sign } from 'node:crypto'
import { BridgeError } from '../errors.ts'
import { limitToValidity } from './limit-to-validity.ts'
import { matchSecrets } from './match-secrets.ts'
import { pickOwn } from './pick-own.ts'
import { checkSignature } from './prove-asymmetric.ts'
import { readPrivateKey, readPublicKey } from './public-key.ts'
import { readUnprovenJson, textAt } from './read-body-value.ts'
import type { BodyScheme, SchemeSettings } from './scheme.ts'
import { makeDecoder } from './signature-syntax.ts'
import { formatSignedAt, isWithinTolerance, parseSignedAt } from './signed-at.ts'
import { type Refused, refuse } from './verification.ts'

/** What is signed, by type, in this order; `Subject` only where there is one. */
const FIELDS: Readonly<Record<string, readonly string[]>> = {
  Notification: ['Message', 'MessageId', 'Subject', 'Timestamp', 'TopicArn', 'Type'],
  SubscriptionConfirmation: ['Message', 'MessageId', 'SubscribeURL', 'Timestamp', 'Token', 'TopicArn', 'Type'],
  UnsubscribeConfirmation: ['Message', 'MessageId', 'SubscribeURL', 'Timestamp', 'Token', 'TopicArn', 'Type'],
}
const validUntilAt = (secret: string) => readPublicKey(secret, 'rsa-sha256')?.validUntilAt ?? null
const decodeSignature = makeDecoder(null, 'base64')

/**
 * Compiles AWS SNS: the body is JSON that carries an RSA signature over some of its fields. The certificate is a secret of
 * the source; `SigningCertURL` and `SubscribeURL` are never followed. Version 1 (SHA-1) only where the source allows it.
 * Source: docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html
 */
export function compileAwsSns(defined: number | null | undefined, settings: SchemeSettings): BodyScheme {
  const toleranceMs = settings.toleranceMs === undefined ? defined : settings.toleranceMs
  // SNS retries for an hour or, where a topic says so, for weeks, and does not sign anew; the message id is signed and is the key.
  const limitMs = toleranceMs === undefined ? null : toleranceMs
  const topics = new Set(settings.topicArns ?? [])
  if (topics.size === 0) throw new BridgeError('config_invalid', '/topicArns: expected at least one topic, found none')
  return {
    kind: 'aws-sns',
    headersOnly: false,
    bindsBody: false,
    unsigned: false,
    verify: ({ body }, secrets, now) => {
      const message = readMessage(readUnprovenJson(body), settings.allowSha1 === true)
      if ('ok' in message) return message
      const match = matchSecrets(limitToValidity(secrets, validUntilAt), now, secret =>
        checkSignature(message.algorithm, secret, message.content, [message.signature]),
      )
      if (match === null || !topics.has(message.topic)) return refuse('signature_mismatch')
      if (match.expired) return refuse('secret_expired')
      if (!isWithinTolerance(message.signedAt, now, limitMs)) return refuse('timestamp_out_of_range')
      const replayKey = createHash('sha256').update(message.content).digest('hex')
      return { ok: true, secretIndex: match.index, signedAt: message.signedAt, replayKey }
    },
    sign: () => ({}),
    signWhole: ({ body, id }, secret, now) => ({
      headers: {},
      query: '',
      body: signMessage(body, secret, formatSignedAt(now, 'iso'), { topic: [...topics][0]!, id: id ?? 'test' }),
    }),
  }
}

interface Message {
  content: Buffer
  signature: Buffer
  algorithm: 'rsa-sha256' | 'rsa-sha1'
  topic: string
  signedAt: number
}

function readMessage(json: unknown, allowSha1: boolean): Message | Refused {
  const signatureText = textAt(json, ['Signature'])
  if (signatureText === null) return refuse('signature_missing')
  const signature = decodeSignature(signatureText)
  const version = textAt(json, ['SignatureVersion'])
  const isKnown = version === '2' || (version === '1' && allowSha1)
  const content = canonicalText(json)
  if (signature === null || !isKnown || content === null) return refuse('signature_malformed')
  const timestamp = textAt(json, ['Timestamp'])
  if (timestamp === null) return refuse('timestamp_missing')
  const signedAt = parseSignedAt(timestamp, 'iso')
  if (signedAt === null) return refuse('timestamp_malformed')
  const algorithm = version === '2' ? 'rsa-sha256' : 'rsa-sha1'
  return { content, signature, algorithm, topic: textAt(json, ['TopicArn'])!, signedAt }
}

/** Name and value on a line each. A value with line breaks could take in a field of its own: only `Message` and `Subject` are free text. */
function canonicalText(json: unknown): Buffer | null {
  const names = FIELDS[textAt(json, ['Type']) ?? '']
  if (names === undefined) return null
  let text = ''
  for (const name of names) {
    const value = pickOwn(json, [name])
    if (name === 'Subject' && (value === undefined || value === null)) continue
    if (typeof value !== 'string' || (value.includes('\n') && name !== 'Message')) return null
    text += `${name}\n${value}\n`
  }
  return Buffer.from(text)
}

function signMessage(
  body: Buffer,
  secret: string,
  timestamp: string,
  { topic, id }: { topic: string; id: string },
): Buffer {
  const key = readPrivateKey(secret, 'rsa-sha256')
  if (key === null) throw new BridgeError('config_invalid', "signing needs the sender's private key (PEM, rsa-sha256)")
  const message = {
    Type: 'Notification',
    MessageId: id,
    TopicArn: topic,
    Message: body.toString('utf8'),
    Timestamp: timestamp,
    SignatureVersion: '2',
  }
  const signature = sign('sha256', canonicalText(message)!, key).toString('base64')
  return Buffer.from(JSON.stringify({ ...message, Signature: signature }))
}
