import type { ReconcileConfig } from './reconcile-config.ts'

/** One attempt of a sender to deliver an event, as its API tells of it. */
export interface Attempt {
  /** What all attempts at one event have in common. */
  event: string
  /** Whether it was delivered by this attempt. */
  isDelivered: boolean
  /** Event type as the sender's list has it; null where it does not. */
  type: string | null
  /** Epoch ms; null where the sender does not say. */
  at: number | null
  /** Headers of the delivery as far as they are known and vouched for: name, value, name, value. */
  headers: readonly string[]
  content: Content
}

/** What was to be delivered: here, to be fetched, or kept by the sender no more. */
export type Content = { kind: 'body'; body: Buffer } | { kind: 'at'; path: string } | { kind: 'gone'; message: string }

/** A page of attempts, newest first. */
export interface Page {
  attempts: readonly Attempt[]
  /** Path and query of the next page below the endpoint; null = that was all. */
  next: string | null
}

/** JSON of an answer. Numbers that would lose digits are kept as they were written (`JSON.stringify` writes them so). */
export interface ApiAnswer {
  json: unknown
  headers: ReadonlyMap<string, string>
}

export interface Asked {
  config: ReconcileConfig
  sinceAt: number
}

/** The API of one sender that tells what could not be delivered; one file each. Paths start with "/". */
export interface SenderApi {
  /** The public one. */
  endpoint: string
  hookExpected: string
  takesTypes: boolean
  /** The hook of a source as a path; null where it is none of this sender's. */
  readHook(hook: string | undefined): string | null
  /** What the token should be, where this one cannot be used. */
  findTokenProblem(token: string, isApp: boolean): string | null
  /** Headers that every request carries, made at the instant `now`. */
  headersFor(config: ReconcileConfig, now: number): Promise<Record<string, string>>
  firstPage(asked: Asked): string
  /** `path`: what was asked. Null where the answer is not what the sender documents. */
  readPage(answer: ApiAnswer, path: string, asked: Asked): Page | null
  /** The headers and body of an attempt whose content stood elsewhere; null as above. */
  readContent?(answer: ApiAnswer, attempt: Attempt): Pick<Attempt, 'headers' | 'content'> | null
}
