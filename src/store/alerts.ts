/** Alerts that wait to be delivered, at most; further ones are in the log only. */
export const WAITING_ALERTS_MAX = 100
/** Things of which it is remembered that they were told of: those told last. */
export const TOLD_ALERTS_MAX = 1_000
/** How old an alert may grow before nobody is to be woken by it any more; what was told is forgotten after it. */
export const ALERT_AGE_MAX_MS = 86_400_000

/** An alert that is yet to be delivered. Neither a secret nor a payload may be in it. */
export interface WaitingAlert {
  /** Its `webhook-id`: the same at every try, also after a restart. */
  id: string
  /** What it is about: its kind and key. */
  about: string
  /** What is posted. */
  body: string
  raisedAt: number
  /** Tries that failed. */
  tries: number
  /** When it is to be tried next. */
  dueAt: number
}

/** Something that was told of. */
export interface ToldAlert {
  about: string
  toldAt: number
}

/** `told`: null where the alert was given up. */
export interface AlertEnd {
  id: string
  told: ToldAlert | null
}

/** Waiting ones are in the order in which they were raised. */
export interface RecordedAlerts {
  waiting: WaitingAlert[]
  told: ToldAlert[]
}
