import { createHmac } from 'node:crypto'
import { BridgeError } from '../errors.ts'
import { matchSecrets } from './match-secrets.ts'
import { pickOwn } from './pick-own.ts'
import { decodeKey } from './prove-hmac.ts'
import { readUnprovenJson, textAt } from './read-body-value.ts'
import type { BodyScheme } from './scheme.ts'
import { setAt } from './set-at.ts'
import { DIGEST_BYTES, equalsAny, makeDecoder } from './signature-syntax.ts'
import { type Refused, refuse } from './verification.ts'

/** Most notifications in one delivery; Adyen sends up to 6. */
const ITEMS_MAX = 100
const SIGNATURE = ['additionalData', 'hmacSignature']
const decodeSignature = makeDecoder(DIGEST_BYTES.sha256, 'base64')

interface SignedItem {
  content: string
  candidate: Buffer
}

/**
 * Compiles Adyen's payment notifications: every item carries a base64 HMAC-SHA256 (hex key) over eight of its fields, and
 * every item must hold. Nothing else in the body is vouched for.
 * Source: docs.adyen.com/development-resources/webhooks/secure-webhooks/verify-hmac-signatures
 */
export function compileAdyenPayments(): BodyScheme {
  return {
    kind: 'adyen-payments',
    headersOnly: false,
    bindsBody: false,
    unsigned: false,
    verify: ({ body }, secrets, now) => {
      const items = readItems(readUnprovenJson(body))
      if (!Array.isArray(items)) return items as Refused
      const match = matchSecrets(secrets, now, secret => {
        const key = decodeKey(secret, 'hex')
        if (key === null) return false
        return items.filter(item => equalsAny(compute(key, item.content), [item.candidate])).length === items.length
      })
      if (match === null) return refuse('signature_mismatch')
      if (match.expired) return refuse('secret_expired')
      return { ok: true, secretIndex: match.index, signedAt: null, replayKey: null }
    },
    sign: () => ({}),
    signWhole: ({ body }, secret) => ({ headers: {}, body: signItems(body, secret), query: '' }),
  }
}

function compute(key: Parameters<typeof createHmac>[1], content: string): Buffer {
  return createHmac('sha256', key).update(content).digest()
}

function itemsOf(json: unknown): readonly unknown[] | null {
  const list = pickOwn(json, ['notificationItems'])
  if (!Array.isArray(list) || list.length === 0 || list.length > ITEMS_MAX) return null
  return list.map(entry => pickOwn(entry, ['NotificationRequestItem']))
}

function readItems(json: unknown): readonly SignedItem[] | Refused {
  const items = itemsOf(json)
  if (items === null) return refuse('signature_missing')
  const signed: SignedItem[] = []
  for (const item of items) {
    const signature = textAt(item, SIGNATURE)
    if (signature === null) return refuse('signature_missing')
    const candidate = decodeSignature(signature)
    const content = contentOf(item)
    if (candidate === null || content === null) return refuse('signature_malformed')
    signed.push({ content, candidate })
  }
  return signed
}

/** All but the merchant's own reference have a shape without a colon: so the eight fields can be cut in one way only. */
function contentOf(item: unknown): string | null {
  const fields: readonly [readonly string[], RegExp][] = [
    [['pspReference'], /^[A-Za-z0-9]{1,80}$/],
    [['originalReference'], /^[A-Za-z0-9]{0,80}$/],
    [['merchantAccountCode'], /^[^:]{1,200}$/],
    [['merchantReference'], /^.{0,500}$/s],
    [['amount', 'value'], /^-?[0-9]{1,16}$/],
    [['amount', 'currency'], /^[A-Z]{3}$/],
    [['eventCode'], /^[A-Z0-9_]{1,80}$/],
    [['success'], /^(true|false)$/],
  ]
  const texts: string[] = []
  for (const [path, shape] of fields) {
    const value = pickOwn(item, path) ?? ''
    const isPlain = typeof value === 'string' || typeof value === 'boolean' || Number.isSafeInteger(value)
    if (!isPlain || !shape.test(String(value))) return null
    texts.push(String(value))
  }
  return texts.join(':')
}

function signItems(body: Buffer, secret: string): Buffer {
  const key = decodeKey(secret, 'hex')
  const json = readUnprovenJson(body)
  const items = itemsOf(json)
  if (key === null) throw new BridgeError('config_invalid', 'the secret is empty or not in its encoding')
  if (items === null)
    throw new BridgeError('config_invalid', 'the delivery cannot be signed: it has no notificationItems')
  for (const item of items) {
    const content = contentOf(item)
    if (content === null)
      throw new BridgeError('config_invalid', 'the delivery cannot be signed: an item lacks a field')
    setAt(item, SIGNATURE, compute(key, content).toString('base64'))
  }
  return Buffer.from(JSON.stringify(json))
}
