import type { z } from 'zod'
import type { Pause, PausedKind } from '../store/pauses.ts'
import type { pausedAnswer } from './setup-answers.ts'
import { toIso } from './view-job.ts'

/** The pause of one thing, for people; null where it is not paused. */
export function viewPauseOf(pauses: readonly Pause[], kind: PausedKind, name: string): z.output<typeof pausedAnswer> {
  const pause = pauses.find(each => each.kind === kind && each.name === name)
  return pause === undefined ? null : { since: toIso(pause.pausedAt), by: pause.actor, reason: pause.reason }
}

/** A pause in words: since when, by whose word, why. */
export function describePause({ pausedAt, actor, reason }: Pause): string {
  return `since ${toIso(pausedAt)}, by "${actor}"${reason === null ? '' : `: ${reason}`}`
}
