import { z } from 'zod'
import { ALERT_KIND_NAMES } from '../alerts/alert-kinds.ts'

const WEBHOOK = '{ "url", "secret" }'

/** `alerts` of `bridge.json`; `duration`, `mark` and `secretReference` are those of the rest of the file. */
export function makeAlertsSchema<Duration extends z.ZodType, Mark extends z.ZodType, Reference extends z.ZodType>(
  duration: Duration,
  mark: Mark,
  secretReference: Reference,
) {
  const webhook = z.strictObject(
    {
      url: z.string({ error: 'an https URL' }).describe('Where alerts are posted: https, or http on this machine'),
      secret: secretReference.describe('What they are signed with (Standard Webhooks), as a reference'),
    },
    { error: WEBHOOK },
  )
  return z.strictObject({
    webhook: webhook.optional(),
    log: z.boolean({ error: 'true or false' }).default(true).describe('Whether every alert is a log line too'),
    on: z
      .array(z.enum(ALERT_KIND_NAMES, { error: `one of ${ALERT_KIND_NAMES.join(', ')}` }), {
        error: 'a list of kinds of alerts',
      })
      .default(ALERT_KIND_NAMES)
      .describe('What is told; left out = everything'),
    window: duration.describe('Alerts of one kind about one thing are one within this time, with their count'),
    backlogJobs: mark.describe('Open jobs above which the backlog is told of'),
  })
}
