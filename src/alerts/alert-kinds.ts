/** What alerts are about, and what each asks of a person: the closed list of `alerts.on`. */
export const ALERT_KINDS = {
  dead_letter: 'See why (jobs show, events show), correct the mapping or the content, then `jobs retry`',
  held: 'See why (jobs show), then `jobs retry`, `jobs settle` or `jobs discard`: the order key waits until then',
  in_doubt: 'Nothing yet: the API is asked whether the write arrived. What cannot be found out is held',
  token_refused: 'Put a new token in place: it is in force within a second. Or give the user of the token its role',
  rotation_due: 'Make a new token, put it in place, and revoke the old one at the API',
  backlog: 'See that the API answers and the limits of the integrations fit (stats, jobs --state queued)',
  disk_low: 'Free disk space, or shorten `retention`: below the mark deliveries are answered 503',
  reload_failed: 'Run `pixelesq-bridge check`; the last good files stay in force until all problems are gone',
  audit_anchor_failed:
    'See that the file of the anchors can be written: until then truncation of the audit is not seen',
  circuit_opened: 'See that the API answers: nothing is sent for the integration until a probe succeeds',
} as const

export type AlertKind = keyof typeof ALERT_KINDS

/** The kinds, in the order in which they are documented. */
export const ALERT_KIND_NAMES = Object.keys(ALERT_KINDS) as [AlertKind, ...AlertKind[]]
