/** What can be paused: nothing is claimed for it, and nothing new sent, until it is resumed. */
export type PausedKind = 'source' | 'integration' | 'mapping'

/** A person's word that something stops for a while. */
export interface PauseRequest {
  kind: PausedKind
  name: string
  /** Why, in the words of the person; null where none were given. */
  reason: string | null
  /** Whose key it was. */
  actor: string
  now: number
}

export type ResumeRequest = Omit<PauseRequest, 'reason'>

export interface Pause {
  kind: PausedKind
  name: string
  pausedAt: number
  actor: string
  reason: string | null
}

/** `changed`: false where it was so already; then nothing was done, and nothing is accounted for. */
export interface PauseAnswer {
  changed: boolean
  /** The pause in force now; null = none. */
  pause: Pause | null
}
