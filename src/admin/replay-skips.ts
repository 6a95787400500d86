import type { ReplaySkip } from '../store/replays.ts'

/** Why something is not replayed, in words, and what can be done about it. */
const WORDS: Readonly<Record<ReplaySkip, string>> = {
  not_recorded: 'It was never to be mapped: a ping, or a known key with another body',
  payload_pruned: 'Its payload is older than retention.payload: let the sender deliver it again',
  echo: 'A write of ours caused it: only mappings with "onEcho": "run" take it',
  unreadable: 'Its payload cannot be read: the event says why',
  not_taken: 'No mapping in force takes it',
  mapping_failed: 'The mapping takes it, but fails: correct it, rehearse, and replay again',
  still_open: 'A job of it has not ended: retry, settle or discard that one',
  already_written: 'A write of it that would be made twice was applied, or may have been: "force" makes it again',
  overtaken: 'A newer event of its order key has been worked on, whose work it may undo: "force" does it all the same',
  coalesced: 'A job of a newer event waits, which makes this one needless',
  repeated: 'This replay has made that job already',
}

export const REPLAY_SKIPS = Object.keys(WORDS) as [ReplaySkip, ...ReplaySkip[]]

/** Says why something is skipped. */
export function explainSkip(skip: ReplaySkip): string {
  return WORDS[skip]
}
